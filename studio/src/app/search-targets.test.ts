import { expect, it } from "vitest";
import { addressOf, pagesNamed, targetsOf } from "@/app/search-targets";

const common = { field: "name", text: "x", at: null };

it("leads to the page of what was found", () => {
  expect(addressOf("w", { noun: "computes", name: "a b", ...common })).toBe("/w/compute/a%20b");
  expect(addressOf("w", { noun: "models", name: "m", version: "3", ...common })).toBe("/w/models/m/3");
});

it("finds pages by their name in either language", () => {
  const names = (id: string) => (id === "jobs" ? ["ジョブ", "Jobs"] : [id]);
  expect(pagesNamed("ジョ", names)).toEqual(["jobs"]);
  expect(pagesNamed("jo", names)).toEqual(["jobs"]);
});

it("puts pages before what was found, each with an id of its own", () => {
  const value = [{ noun: "models", name: "m", ...common }];
  const targets = targetsOf("w", ["home", "jobs"], [{ noun: "models", value }]);
  expect(targets.map(({ to }) => to)).toEqual(["/w", "/w/jobs", "/w/models/m"]);
  expect(new Set(targets.map(({ id }) => id)).size).toBe(3);
});
