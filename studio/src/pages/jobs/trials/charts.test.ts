import { expect, it } from "vitest";
import type { SweepTrial, SweepTrials } from "@/api/sweeps";
import { bestOption, bestSoFar, parallelOption, parameterNames, results } from "@/pages/jobs/trials/charts";

function trial(number: number, value: number | null, more: Partial<SweepTrial> = {}): SweepTrial {
  const ended_at = `2026-01-01T00:00:0${9 - number}Z`;
  const rest = { status: "Completed", stop_code: null, reason: "", started_at: ended_at, ended_at };
  return {
    number,
    name: `t${number}`,
    parameters: { lr: 0.1, word: "a" },
    phase: "completed",
    value,
    ...rest,
    ...more,
  };
}

const sweep: SweepTrials = {
  name: "s",
  status: "Completed",
  metric: "loss",
  maximize: false,
  algorithm: "random",
  policy: null,
  total: 9,
  concurrent: 1,
  parameters: [
    { name: "word", kind: "choice", is_log: false },
    { name: "lr", kind: "loguniform", is_log: true },
  ],
  best: null,
  trials: [
    trial(0, 1),
    trial(1, 3, { parameters: { lr: 0.01, word: null, "model.depth": 3 } }),
    trial(2, 2),
    trial(3, null),
    trial(4, 0, { phase: "failed" }),
    trial(5, 0.5, { phase: "live" }),
  ],
};

it("takes results in the order in which they came, and none of trials that failed or run", () => {
  expect(results(sweep).map(({ number }) => number)).toEqual([2, 1, 0]);
  expect(bestSoFar([2, 3, 1], false)).toEqual([2, 2, 1]);
  expect(bestSoFar([2, 3, 1], true)).toEqual([2, 3, 3]);
  const [line] = bestOption(sweep, { best: "best", each: "each" }).series as { data: [number, number][] }[];
  expect(line?.data.map(([, value]) => value)).toEqual([2, 2, 1]);
});

it("gives numbers an axis with their scale, and everything else one of words", () => {
  expect(parameterNames(sweep)).toEqual(["word", "lr", "model.depth"]);
  const axes = parallelOption(sweep, "#ffffff").parallelAxis as { name: string; type: string; data?: string[] }[];
  expect(axes.map(({ name, type }) => [name, type])).toEqual([
    ["word", "category"],
    ["lr", "log"],
    ["model.depth", "category"],
    ["loss", "value"],
  ]);
  expect(axes[0]?.data).toEqual(["a", "null"]);
});
