import { expect, it } from "vitest";
import { parseAnsi, plainText, shownPart } from "@/pages/jobs/job/log/ansi";

const ESC = "\u001b";

it("gives pieces of one look each", () => {
  expect(parseAnsi(`a${ESC}[1;31mred${ESC}[0m b`)).toEqual([
    { text: "a", look: {} },
    { text: "red", look: { isBold: true, colour: 1 } },
    { text: " b", look: {} },
  ]);
  expect(parseAnsi(`${ESC}[38;5;208mx${ESC}[48;2;1;2;255;4my`)).toEqual([
    { text: "x", look: { colour: 208 } },
    { text: "y", look: { colour: 208, ground: "#0102ff", isUnderlined: true } },
  ]);
});

it("leaves out what moves a terminal's cursor, names its window or rings its bell", () => {
  expect(plainText(`${ESC}[2J${ESC}]0;title\u0007a\u0007b${ESC}]8;;https://x${ESC}\\link${ESC}[K`)).toBe("ablink");
  expect(parseAnsi(`${ESC}]8;;javascript:alert(1)${ESC}\\x`)).toEqual([{ text: "x", look: {} }]);
});

it("shows of a progress bar what a terminal would", () => {
  expect(shownPart("10%\r50%\r100%")).toBe("100%");
  expect(shownPart("done\r")).toBe("done");
});
