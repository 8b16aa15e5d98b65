import { expect, it } from "vitest";
import { lastOf, roundUp, timeChart } from "@/pages/endpoints/deployments/charts";

it.each([
  [0.004, 0.005],
  [0.05, 0.05],
  [0.249, 0.5],
  [1, 1],
  [6.3, 10],
  [120, 200],
])("rounds %d up to %d", (value, wanted) => expect(roundUp(value)).toBeCloseTo(wanted, 10));

it("has room for the highest of all lines", () => {
  const lines = [
    { name: "blue", at: [1, 2], values: [3, 12] },
    { name: "green", at: [1, 2], values: [4, null] },
  ];
  const look = { write: String, least: 1, now: 2 };
  expect(timeChart(lines, look).yAxis).toMatchObject({ max: 20 });
  expect(timeChart([], look).yAxis).toMatchObject({ max: 1 });
});

it("tells nothing measured from nothing", () => {
  expect([lastOf([1, null], String), lastOf([1, 0], String), lastOf([], String)]).toEqual(["—", "0", "—"]);
});
