import { expect, it } from "vitest";
import { linesWith, MOST_LINES, NOTHING, withEvents } from "@/pages/endpoints/logs/lines";

const texts = (state: typeof NOTHING) => state.lines.map(({ text }) => text);

it("puts lines together that come in pieces, each file its own", () => {
  const state = withEvents(NOTHING, [
    { revision: "a", attempt: 1 },
    { file: "x", text: "one\ntw" },
    { file: "y", text: "other\n" },
    {},
    { file: "x", text: "o\nthree" },
  ]);
  expect(texts(state)).toEqual(["one", "other", "two"]);
  expect(new Set(state.lines.map(({ id }) => id)).size).toBe(3);
});

it("begins anew with another revision, and keeps the last lines only", () => {
  const before = withEvents(NOTHING, [{ file: "x", text: "old\nhalf" }]);
  const after = withEvents(before, [
    { revision: "b", attempt: 1 },
    { file: "x", text: "new\n" },
  ]);
  expect(texts(after)).toEqual(["new"]);
  const many = withEvents(NOTHING, [{ file: "x", text: "line\n".repeat(MOST_LINES + 50) }]);
  expect(many.lines.length).toBe(MOST_LINES);
  expect(many.lines.at(-1)?.id).toBe(MOST_LINES + 49);
});

it("finds lines whatever the case", () => {
  const { lines } = withEvents(NOTHING, [{ file: "x", text: "An Error\nfine\n" }]);
  expect(linesWith(lines, "error").map(({ text }) => text)).toEqual(["An Error"]);
  expect(linesWith(lines, "")).toHaveLength(2);
});
