import { expect, it } from "vitest";
import { phasesOf, shares } from "@/pages/jobs/job/overview/timeline";

function event(seq: number, status: string, at: string) {
  return { seq, status, at, before: "", code: status, reason: `${status}.` };
}

it("gives each state its time, the last one goes on", () => {
  const phases = phasesOf([event(1, "Queued", "2026-01-01T00:00:00Z"), event(2, "Running", "2026-01-01T00:00:10Z")]);
  expect(phases.map(({ status, begin, end }) => [status, end === null ? null : end - begin])).toEqual([
    ["Queued", 10_000],
    ["Running", null],
  ]);
});

it("tells the steps of the preparation apart", () => {
  const phases = phasesOf([
    event(1, "Preparing", "2026-01-01T00:00:00Z"),
    { ...event(2, "Preparing", "2026-01-01T00:00:01Z"), code: "Environment" },
    { ...event(3, "Preparing", "2026-01-01T00:00:11Z"), code: "Inputs" },
    event(4, "Starting", "2026-01-01T00:00:12Z"),
  ]);
  expect(phases.map(({ status, begin, end }) => [status, end === null ? null : end - begin])).toEqual([
    ["Preparing", 1_000],
    ["Environment", 10_000],
    ["Inputs", 1_000],
    ["Starting", null],
  ]);
});

it("has no stretch for the end, and none of negative length", () => {
  const phases = phasesOf([
    event(1, "Queued", "2026-01-01T00:00:10Z"),
    event(2, "Running", "2026-01-01T00:00:05Z"),
    event(3, "Completed", "2026-01-01T00:00:20Z"),
  ]);
  expect(phases.map(({ begin, end }) => (end ?? 0) - begin)).toEqual([0, 15_000]);
});

it("lets a short stretch be seen, and all of them together fill the bar", () => {
  const found = shares(
    [
      { status: "Queued", reason: "", begin: 0, end: 1 },
      { status: "Running", reason: "", begin: 1, end: null },
    ],
    1_000_000,
  );
  expect(found[0]).toBeGreaterThan(0.5);
  expect(found.reduce((a, b) => a + b)).toBeCloseTo(100);
});
