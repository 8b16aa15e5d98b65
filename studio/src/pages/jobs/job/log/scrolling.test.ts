import { expect, it } from "vitest";
import { boxHeight, isCoarse, LINE, lastTop, lineAt, placeOf, TALLEST } from "@/pages/jobs/job/log/scrolling";

const VIEW = 600;

it.each([10, 5_000, 50_000_000])("every line of %d can be brought to sight and found again", (count) => {
  expect(boxHeight(count)).toBeLessThanOrEqual(TALLEST);
  for (const line of [0, 1, Math.floor(count / 3), count - 1]) {
    const place = placeOf(line, count, VIEW);
    const exact = isCoarse(count) ? 1 : 1e-6;
    expect(Math.abs(lineAt(place, count, VIEW) - Math.min(line, lastTop(count, VIEW)))).toBeLessThan(exact);
  }
  expect(lineAt(Math.max(0, boxHeight(count) - VIEW), count, VIEW)).toBeCloseTo(Math.max(0, count - VIEW / LINE));
});
