import { expect, it } from "vitest";
import type { RunRow } from "@/api/runs";
import { dimensionsOf, linesOf, metricKeys, tellingDimensions } from "@/pages/compare/model";
import { curvesOption, parallelOption } from "@/pages/compare/options";

function run(id: string, logged: Partial<RunRow>): RunRow {
  return {
    run_id: id,
    name: id,
    type: "run",
    status: "Completed",
    experiment_id: "0",
    experiment_name: "Default",
    user: "ada",
    parent: null,
    start_time: null,
    end_time: null,
    archived: false,
    metrics: {},
    params: {},
    tags: {},
    ...logged,
  };
}

const RUNS = [
  run("a", {
    params: { lr: "0.1", kind: "tree" },
    metrics: { acc: 0.5, "system/cpu": 1 },
    tags: { "mlflow.user": "x" },
  }),
  run("b", { params: { lr: "1e-2", kind: "tree" }, metrics: { acc: "NaN" }, tags: { team: "t" } }),
];

it("lines up what the runs logged and marks what differs", () => {
  const lines = linesOf(RUNS);
  expect(lines.map(({ kind, key, differs }) => [kind, key, differs])).toEqual([
    ["params", "kind", false],
    ["params", "lr", true],
    ["metrics", "acc", true],
    ["metrics", "system/cpu", true],
    ["tags", "team", true],
  ]);
  expect(metricKeys(lines)).toEqual(["acc", "system/cpu"]);
});

it("counts two runs without a number as the same", () => {
  const same = linesOf([run("a", { metrics: { loss: "NaN" } }), run("b", { metrics: { loss: "NaN" } })]);
  expect(same.map(({ differs }) => differs)).toEqual([false]);
});

it("takes parameters as numbers where all of them are", () => {
  const dimensions = dimensionsOf(linesOf(RUNS));
  expect(dimensions.map(({ id, isNumeric }) => [id, isNumeric])).toEqual([
    ["params.kind", false],
    ["params.lr", true],
    ["metrics.acc", true],
    ["metrics.system/cpu", true],
  ]);
  expect(tellingDimensions(dimensions, 1).map(({ id }) => id)).toEqual(["params.lr"]);
  expect(parallelOption(dimensions, RUNS, "#000", "#fff").parallelAxis).toHaveLength(4);
});

it("leaves gaps where there is no number, and where a logarithm has none", () => {
  const curve = { run_id: "b", key: "acc", count: 4, x: [1, 2, 3, 4], y: [1, "NaN", -1, 2] };
  const drawn = (isLog: boolean) => {
    const option = curvesOption([curve], RUNS, { axis: "step", isLog, smoothing: 0 });
    return [...((option.series as { data: Iterable<number> }[])[0]?.data ?? [])];
  };
  expect(drawn(false)).toEqual([1, 1, 2, Number.NaN, 3, -1, 4, 2]);
  expect(drawn(true)).toEqual([1, 1, 2, Number.NaN, 3, Number.NaN, 4, 2]);
});
