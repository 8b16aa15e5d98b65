import type { CSSProperties } from "react";
import type { Look } from "@/pages/jobs/job/log/ansi";

/** The sixteen named colours, each with a contrast of 4.5 : 1 on the page's ground in light and in dark. */
const NAMED = [
  "light-dark(#24292f, #9aa4b2)",
  "light-dark(#b3261e, #ff8a80)",
  "light-dark(#1a6b2f, #7ddc8f)",
  "light-dark(#7a5200, #f2c56b)",
  "light-dark(#1f57b8, #8ab4ff)",
  "light-dark(#8b1fa9, #dfa2f0)",
  "light-dark(#0b6470, #6fd3e0)",
  "light-dark(#57606a, #c4ccd6)",
  "light-dark(#57606a, #aeb7c2)",
  "light-dark(#a4130b, #ff9f96)",
  "light-dark(#12682a, #92e6a2)",
  "light-dark(#6f4a00, #f7d48b)",
  "light-dark(#174ea6, #a3c5ff)",
  "light-dark(#7a1a95, #e7b8f5)",
  "light-dark(#085760, #8fe0ea)",
  "light-dark(#24292f, #f0f3f6)",
];

const STEPS = [0, 95, 135, 175, 215, 255];

/** The CSS colour of a terminal's colour. */
export function cssColour(colour: number | string): string {
  if (typeof colour === "string") return colour;
  if (colour < 16) return NAMED[colour] ?? "inherit";
  if (colour >= 232) return grey(8 + 10 * (colour - 232));
  const at = colour - 16;
  const [red, green, blue] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => STEPS[step]);
  return `rgb(${red} ${green} ${blue})`;
}

function grey(value: number): string {
  return `rgb(${value} ${value} ${value})`;
}

/** The style of a piece of a log; undefined where it has none. */
export function styleOf(look: Look): CSSProperties | undefined {
  if (Object.keys(look).length === 0) return undefined;
  return {
    color: look.colour === undefined ? undefined : readable(look),
    background: look.ground === undefined ? undefined : cssColour(look.ground),
    fontWeight: look.isBold ? 600 : undefined,
    fontStyle: look.isItalic ? "italic" : undefined,
    textDecoration: look.isUnderlined ? "underline" : undefined,
  };
}

/** A colour of 256 or of 16 million is drawn towards the text's own, so that it can be read on either ground. */
function readable({ colour = 7, ground }: Look): string {
  const css = cssColour(colour);
  if (ground !== undefined || (typeof colour === "number" && colour < 16)) return css;
  return `color-mix(in oklab, ${css} 45%, var(--mantine-color-text))`;
}
