import type { CurveBody, RunRow } from "@/api/runs";
import type { ChartOption } from "@/components/chart/echarts";
import { formatNumber } from "@/lib/format";
import type { Dimension } from "@/pages/compare/model";
import { lookOf } from "@/pages/compare/palette";
import { smoothed } from "@/pages/jobs/job/metrics/smoothing";
import { axisLook } from "@/pages/jobs/trials/charts";

/** How curves are drawn. */
export interface Look {
  axis: "step" | "time" | "relative";
  isLog: boolean;
  /** 0 to below 1. */
  smoothing: number;
}

/** With more lines than this nobody tells one from another: they are thin and whole, and none fades, for speed. */
const MANY = 30;

const FIGURES = { valueFormatter: (value: unknown) => (typeof value === "number" ? formatNumber(value, 6) : "—") };

/** The curves of one metric, a line a run. */
export function curvesOption(
  curves: CurveBody[],
  runs: RunRow[],
  look: Look,
  window: { start?: number; end?: number } = {},
): ChartOption {
  return {
    grid: { left: 8, right: 16, top: 14, bottom: 8, containLabel: true },
    xAxis: {
      type: look.axis === "time" ? "time" : "value",
      min: window.start ?? "dataMin",
      max: window.end ?? "dataMax",
      splitLine: { show: false },
      axisLine: { onZero: false },
    },
    yAxis: valueAxis(look.isLog),
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, order: "valueDesc", ...FIGURES },
    animation: false,
    series: linesOf(curves, runs, look),
  };
}

function valueAxis(isLog: boolean): NonNullable<ChartOption["yAxis"]> {
  return {
    type: isLog ? "log" : "value",
    scale: true,
    axisLabel: { formatter: (value: number) => formatNumber(value, 4) },
  };
}

function linesOf(curves: CurveBody[], runs: RunRow[], look: Look) {
  const places = new Map(runs.map((run, index) => [run.run_id, index]));
  const isMany = curves.length > MANY;
  return curves.flatMap((curve) => linesOfCurve(curve, runs, places.get(curve.run_id) ?? 0, look, isMany));
}

function linesOfCurve(curve: CurveBody, runs: RunRow[], index: number, look: Look, isMany: boolean) {
  const { colour, dash } = lookOf(index);
  const values = curve.y.map((value) => (typeof value !== "number" || (look.isLog && value <= 0) ? null : value));
  const name = runs[index]?.name ?? curve.run_id;
  const line = (y: (number | null)[], opacity: number, isSilent: boolean) => ({
    type: "line" as const,
    name,
    dimensions: ["x", "y"],
    data: pairs(curve.x, y) as unknown as [number, number][], // the library takes it; its types do not say so
    showSymbol: curve.x.length < 3,
    symbolSize: 6,
    silent: isSilent,
    lineStyle: isMany ? { width: 1, color: colour, opacity } : { width: 1.6, color: colour, type: dash, opacity },
    itemStyle: { color: colour, opacity },
    ...(isSilent ? { tooltip: { show: false } } : {}),
    emphasis: isMany ? { disabled: true } : { focus: "series" as const },
  });
  if (look.smoothing <= 0) return [line(values, 1, false)];
  return [line(values, 0.25, true), line(smoothed(values, look.smoothing), 1, false)];
}

/** Points one after the other, as the chart reads them in the least time; NaN is a gap. */
function pairs(x: number[], y: (number | null)[]): Float64Array {
  const all = new Float64Array(2 * x.length);
  for (let place = 0; place < x.length; place += 1) {
    all[2 * place] = x[place] as number;
    all[2 * place + 1] = y[place] ?? Number.NaN;
  }
  return all;
}

/** One value a run: a bar each. */
export function barsOption(values: (number | null)[], runs: RunRow[], isLog: boolean): ChartOption {
  return {
    grid: { left: 8, right: 16, top: 14, bottom: 8, containLabel: true },
    xAxis: {
      type: "category",
      data: runs.map((run) => run.name),
      axisLabel: { show: runs.length <= 10, width: 80, overflow: "truncate" },
    },
    yAxis: { ...valueAxis(isLog), scale: false } as ChartOption["yAxis"],
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, ...FIGURES },
    animation: false,
    series: [
      {
        type: "bar",
        barMaxWidth: 40,
        data: values.map((value, index) => ({
          value: Number.isFinite(value) ? value : null,
          itemStyle: { color: lookOf(index).colour },
        })),
      },
    ],
  };
}

/** Runs as points between two dimensions. */
export function scatterOption(x: Dimension, y: Dimension, runs: RunRow[], isLog: boolean): ChartOption {
  const axis = (dimension: Dimension, gap: number, isLogarithmic: boolean) => ({
    type: dimension.isNumeric ? (isLogarithmic ? ("log" as const) : ("value" as const)) : ("category" as const),
    name: dimension.label,
    nameLocation: "middle" as const,
    nameGap: gap,
    scale: true,
  });
  return {
    grid: { left: 30, right: 24, top: 20, bottom: 40, containLabel: true },
    xAxis: axis(x, 30, false) as ChartOption["xAxis"],
    yAxis: axis(y, 50, isLog) as ChartOption["yAxis"],
    tooltip: { trigger: "item", renderMode: "richText", confine: true },
    series: [
      {
        type: "scatter",
        symbolSize: 13,
        data: runs.map((run, index) => ({
          name: run.name,
          value: [x.values[index] ?? null, y.values[index] ?? null] as (string | number)[],
          itemStyle: { color: lookOf(index).colour },
        })),
      },
    ],
  };
}

/** Runs as lines over several dimensions. */
export function parallelOption(dimensions: Dimension[], runs: RunRow[], text: string, ground: string): ChartOption {
  return {
    parallel: {
      left: 60,
      right: 60,
      top: 50,
      bottom: 30,
      parallelAxisDefault: { nameTextStyle: { color: text }, axisLabel: axisLook(ground).axisLabel },
    },
    parallelAxis: dimensions.map((dimension, dim) => ({
      dim,
      name: dimension.label,
      type: dimension.isNumeric ? ("value" as const) : ("category" as const),
      scale: true,
      nameTruncate: { maxWidth: 110 },
      ...(dimension.isNumeric ? {} : { data: [...new Set(dimension.values.map((value) => String(value ?? "—")))] }),
    })),
    tooltip: { trigger: "item", renderMode: "richText", confine: true },
    series: [
      {
        type: "parallel",
        smooth: false,
        emphasis: { lineStyle: { width: 4 } },
        data: runs.map((run, index) => ({
          name: run.name,
          value: dimensions.map(({ values, isNumeric }) => {
            const value = values[index] ?? null;
            return isNumeric ? (value ?? Number.NaN) : String(value ?? "—");
          }) as (string | number)[],
          lineStyle: { color: lookOf(index).colour, width: 2, opacity: runs.length > 30 ? 0.5 : 0.9 },
        })),
      },
    ],
  };
}
