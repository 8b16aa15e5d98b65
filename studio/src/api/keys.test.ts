import { expect, it } from "vitest";
import { isTouched, itemKey, listKey } from "@/api/keys";

it("a change of a thing touches it and the lists of its noun, in its workspace only", () => {
  expect(isTouched(itemKey("w", "jobs", "a"), "w", "jobs/a")).toBe(true);
  expect(isTouched(itemKey("w", "jobs", "b"), "w", "jobs/a")).toBe(false);
  expect(isTouched(listKey("w", "jobs"), "w", "jobs/a")).toBe(true);
  expect(isTouched(itemKey("w", "jobs", "b"), "w", "jobs")).toBe(true);
  expect(isTouched(listKey("v", "jobs"), "w", "jobs")).toBe(false);
  expect(isTouched(listKey("w", "models"), "w", "jobs/a")).toBe(false);
});

it("a list of two nouns is touched by both", () => {
  expect(isTouched(listKey("w", "schedules+jobs"), "w", "jobs/a")).toBe(true);
  expect(isTouched(listKey("w", "schedules+jobs"), "w", "schedules")).toBe(true);
  expect(isTouched(listKey("w", "schedules+jobs"), "w", "runs/a")).toBe(false);
});

it("the overview is touched by everything but what runs log and endpoints count", () => {
  const overview = itemKey("w", "overview", "");
  expect(isTouched(overview, "w", "jobs/a")).toBe(true);
  expect(isTouched(overview, "w", "models")).toBe(true);
  expect(isTouched(overview, "w", "runs/a")).toBe(false);
  expect(isTouched(overview, "w", "online-endpoints/a/figures")).toBe(false);
  expect(isTouched(overview, "v", "jobs/a")).toBe(false);
});
