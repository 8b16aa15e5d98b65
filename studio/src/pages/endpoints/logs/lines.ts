import type { LogEvent } from "@/pages/endpoints/logs/follow";

/** So many lines are kept; older ones go. */
export const MOST_LINES = 5000;

export interface LogLine {
  /** Grows from line to line. */
  id: number;
  file: string;
  text: string;
}

export interface LogState {
  lines: LogLine[];
  /** What each file wrote after its last line break. */
  open: Record<string, string>;
  next: number;
}

export const NOTHING: LogState = { lines: [], open: {}, next: 0 };

/** Adds what a stream said; another revision or attempt begins a log of its own. */
export function withEvents(state: LogState, events: LogEvent[]): LogState {
  return events.reduce(withEvent, state);
}

function withEvent(state: LogState, event: LogEvent): LogState {
  if (event.revision !== undefined) return { ...NOTHING, next: state.next };
  const { file = "", text } = event;
  if (!text) return state;
  const whole = ((state.open[file] ?? "") + text).split("\n");
  const open = whole.pop() ?? "";
  const added = whole.map((line, index) => ({ id: state.next + index, file, text: line }));
  return {
    lines: [...state.lines, ...added].slice(-MOST_LINES),
    open: { ...state.open, [file]: open },
    next: state.next + added.length,
  };
}

/** The lines that hold a word, whatever its case; all when there is none to look for. */
export function linesWith(lines: LogLine[], word: string): LogLine[] {
  if (!word) return lines;
  const wanted = word.toLowerCase();
  return lines.filter(({ text }) => text.toLowerCase().includes(wanted));
}
