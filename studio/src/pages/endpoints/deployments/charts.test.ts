import { expect, it } from "vitest";
import { roundUp, timeChart } from "@/pages/endpoints/deployments/charts";

it.each([
  [0.004, 0.005],
  [0.05, 0.05],
  [0.249, 0.5],
  [1, 1],
  [6.3, 10],
  [120, 200],
])("rounds %d up to %d", (value, wanted) => expect(roundUp(value)).toBeCloseTo(wanted, 10));

it("has room for what is stacked", () => {
  const lines = [
    { name: "blue", at: [1, 2], values: [3, 4] },
    { name: "green", at: [1, 2], values: [4, null] },
  ];
  const look = { write: String, least: 1, now: 2 };
  expect(timeChart(lines, { ...look, stacked: true }).yAxis).toMatchObject({ max: 10 });
  expect(timeChart(lines, look).yAxis).toMatchObject({ max: 5 });
  expect(timeChart([], look).yAxis).toMatchObject({ max: 1 });
});
