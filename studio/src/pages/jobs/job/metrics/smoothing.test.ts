import { expect, it } from "vitest";
import { smoothed } from "@/pages/jobs/job/metrics/smoothing";

it("leaves a level curve as it is and draws a jump out", () => {
  expect(smoothed([2, 2, null, 2], 0.9).map((value) => value && Math.round(value * 1e9) / 1e9)).toEqual([
    2,
    2,
    null,
    2,
  ]);
  const jump = smoothed([0, 0, 1, 1], 0.5) as number[];
  expect(jump[2]).toBeGreaterThan(0);
  expect(jump[2]).toBeLessThan(jump[3] ?? 0);
  expect(smoothed([1, 5], 0)).toEqual([1, 5]);
});
