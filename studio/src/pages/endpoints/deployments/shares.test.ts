import { describe, expect, it } from "vitest";
import { rebalance, sharesOf, sum } from "@/pages/endpoints/deployments/shares";

describe("shares of the traffic", () => {
  it("keeps the others' proportions and a sum of 100", () => {
    expect(rebalance({ blue: 100, green: 0 }, "green", 30)).toEqual({ blue: 70, green: 30 });
    expect(rebalance({ a: 60, b: 30, c: 10 }, "c", 40)).toEqual({ a: 40, b: 20, c: 40 });
    expect(rebalance({ a: 0, b: 0, c: 100 }, "c", 40)).toEqual({ a: 30, b: 30, c: 40 });
    expect(rebalance({ a: 0, b: 0 }, "a", 20)).toEqual({ a: 20, b: 80 });
  });

  it("sums to 100 whatever is asked", () => {
    for (let value = -5; value <= 105; value += 1) {
      const made = rebalance({ a: 33, b: 33, c: 34 }, "a", value);
      expect(sum(made)).toBe(100);
      expect(Object.values(made).every((one) => Number.isInteger(one) && one >= 0)).toBe(true);
    }
  });

  it("gives all or nothing to the only deployment", () => {
    expect(rebalance({ blue: 100 }, "blue", 99)).toEqual({ blue: 100 });
    expect(rebalance({ blue: 0 }, "blue", 0)).toEqual({ blue: 0 });
  });

  it("knows deployments without traffic, and none that is gone", () => {
    expect(sharesOf(["blue", "green"], { blue: 100, old: 0 })).toEqual({ blue: 100, green: 0 });
  });
});
