import { expect, it } from "vitest";
import { placeAt } from "@/pages/submit/place";

/** The place of `|` in a text. */
function at(text: string) {
  const { path, key, written } = placeAt(text.replace("|", ""), text.indexOf("|"));
  return [path, key, written];
}

it.each([
  ["|", [[], null, ""]],
  ["type: comm|", [[], "type", "comm"]],
  ["type: command\nco|", [[], null, "co"]],
  ["inputs:\n  data:\n    ty|", [["inputs", "data"], null, "ty"]],
  ["inputs:\n  data:\n    type: uri|\ncompute: local", [["inputs", "data"], "type", "uri"]],
  ["inputs:\n  depth: 4\n  |", [["inputs"], null, ""]],
  ["inputs:\n  depth: 4\n|", [[], null, ""]],
  ["jobs:\n  a:\n    type: command\n  b:\n    inputs:\n      x: 1\n    |", [["jobs", "b"], null, ""]],
  ["a:\n  - k: 1\n  - k: 2\n    l|", [["a", 1], null, "l"]],
  ["a:\n  - k: 1\n  - l|", [["a", 1], null, "l"]],
  ["a:\n- k: 1\n- l|", [["a", 1], null, "l"]],
  ["# note\n\ntype: sweep\ntrial:\n  # more\n  com|", [["trial"], null, "com"]],
] as const)("%j", (text, place) => expect(at(text)).toEqual(place));
