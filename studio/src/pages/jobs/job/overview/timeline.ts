import type { JobEvent } from "@/api/jobs";

/** A stretch of a job's life in one state, or in one step of its preparation. */
export interface Phase {
  /** The state, or `Environment` or `Inputs`. */
  status: string;
  /** Why it was in this state. */
  reason: string;
  /** Milliseconds since 1970. */
  begin: number;
  /** Null: it goes on. */
  end: number | null;
}

const OVER = new Set(["Completed", "Failed", "Canceled"]);
const STEPS = new Set(["Environment", "Inputs"]);

/** Makes stretches of a job's moves; its end is no stretch. */
export function phasesOf(events: JobEvent[]): Phase[] {
  const moments = events
    .filter((event) => event.at !== null)
    .map((event) => ({ ...event, at: Date.parse(event.at ?? "") }));
  return moments.flatMap((event, index) => {
    if (OVER.has(event.status)) return [];
    const end = moments[index + 1]?.at ?? null;
    return [
      {
        status: STEPS.has(event.code) ? event.code : event.status,
        reason: event.reason,
        begin: event.at,
        end: end === null ? null : Math.max(end, event.at),
      },
    ];
  });
}

/** The share of each stretch in the whole, in percent; none becomes too small to be seen. */
export function shares(phases: Phase[], now: number, least = 0.6): number[] {
  const lengths = phases.map((phase) => Math.max(0, (phase.end ?? now) - phase.begin));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  if (whole === 0) return lengths.map(() => 100 / Math.max(1, lengths.length));
  const raised = lengths.map((length) => Math.max(least, (100 * length) / whole));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((share) => (100 * share) / sum);
}
