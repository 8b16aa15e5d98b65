/** How a piece of a log looks. Colours are numbers of the terminal's 256, or `#rrggbb`. */
export interface Look {
  colour?: number | string;
  ground?: number | string;
  isBold?: boolean;
  isDim?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
}

/** A piece of a line of one look. */
export interface Piece {
  text: string;
  look: Look;
}

const ESCAPE = "\u001b";
/** Colours and other sequences of terminals: CSI … letter, OSC … BEL or ST, and single escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const SEQUENCE = /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** What a terminal shows of a line: what stands after the last carriage return, as progress bars use it. */
export function shownPart(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const at = text.lastIndexOf("\r");
  return at < 0 ? text : text.slice(at + 1);
}

/** Parts a line into pieces of one look each; sequences and control characters are left out. */
export function parseAnsi(line: string): Piece[] {
  if (!line.includes(ESCAPE)) return line ? [{ text: clean(line), look: {} }] : [];
  const pieces: Piece[] = [];
  let look: Look = {};
  let begin = 0;
  const add = (end: number) => {
    const text = clean(line.slice(begin, end));
    if (text) pieces.push({ text, look });
  };
  for (const found of line.matchAll(SEQUENCE)) {
    add(found.index);
    if (found[2] === "m") look = changed(look, found[1] ?? "");
    begin = found.index + found[0].length;
  }
  add(line.length);
  return pieces;
}

/** The text of a line without sequences. */
export function plainText(line: string): string {
  return clean(line.replace(SEQUENCE, ""));
}

function clean(text: string): string {
  return text.replace(CONTROL, "");
}

function changed(look: Look, codes: string): Look {
  const numbers = codes.split(/[;:]/).map((code) => Number(code || 0));
  let made: Look = { ...look };
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(at + 1));
      made = code === 38 ? { ...made, colour } : { ...made, ground: colour };
      at += used;
    } else made = simple(made, code);
  }
  return made;
}

const SWITCHES: Record<number, Look> = {
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  39: { colour: undefined },
  49: { ground: undefined },
};

function simple(look: Look, code: number): Look {
  if (code === 0) return {};
  if (code === 7) return { ...look, colour: look.ground ?? 0, ground: look.colour ?? 7 };
  if (code >= 30 && code <= 37) return { ...look, colour: code - 30 };
  if (code >= 90 && code <= 97) return { ...look, colour: code - 82 };
  if (code >= 40 && code <= 47) return { ...look, ground: code - 40 };
  if (code >= 100 && code <= 107) return { ...look, ground: code - 92 };
  return { ...look, ...SWITCHES[code] };
}

/** Reads what follows 38 or 48: the colour, and how many numbers it took. */
function extended(rest: number[]): [number | string | undefined, number] {
  const [kind, first = 0, second = 0, third = 0] = rest;
  if (kind === 5) return [Math.min(255, Math.max(0, first)), 2];
  if (kind === 2) return [`#${[first, second, third].map(hex).join("")}`, 4];
  return [undefined, 1];
}

function hex(value: number): string {
  return Math.min(255, Math.max(0, value)).toString(16).padStart(2, "0");
}
