import { expect, it } from "vitest";
import { compactJson } from "@/lib/json";

it.each([
  [{ columns: ["a"], data: [[1, null], []] }, '{\n  "columns": ["a"],\n  "data": [\n    [1, null],\n    []\n  ]\n}'],
  [{}, "{}"],
  ["é\n", '"é\\n"'],
  [[], "[]"],
])("writes %j", (value, text) => {
  expect(compactJson(value)).toBe(text);
  expect(JSON.parse(text)).toEqual(value);
});
