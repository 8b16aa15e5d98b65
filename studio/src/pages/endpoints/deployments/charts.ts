import type { FigureSeries, Figures } from "@/api/endpoints";
import type { ChartOption } from "@/components/chart/echarts";
import { percent, rate, seconds } from "@/pages/endpoints/online/numbers";

const WINDOW_MS = 900_000;
export const COLOURS = ["#3f6fd0", "#12b886", "#be4bdb", "#fd7e14", "#15aabf", "#e64980"];

export interface Line {
  name: string;
  at: number[];
  values: (number | null)[];
  isFilled?: boolean;
}

interface Look {
  /** Writes a value on the axis and on hover. */
  write: (value: number) => string;
  /** The axis reaches at least so far. */
  least: number;
  now: number;
}

/** The next number that reads well: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value * 0.999) ?? 10;
  return step * power;
}

/** The top of the axis over all lines. */
function topOf(lines: Line[], least: number): number {
  return roundUp(Math.max(least, ...lines.flatMap(({ values }) => values.map((one) => one ?? 0))));
}

/** Fewer points than these are marked, so that one between gaps can be seen. */
const FEW = 40;

/** A chart of the last quarter of an hour. */
export function timeChart(lines: Line[], { write, least, now }: Look): ChartOption {
  const top = topOf(lines, least);
  return {
    grid: { left: 8, right: 22, top: lines.length > 1 ? 30 : 12, bottom: 8, containLabel: true },
    legend: { show: lines.length > 1, top: 0, left: 0, itemHeight: 8, itemWidth: 14 },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      valueFormatter: (value) => (typeof value === "number" ? write(value) : "—"),
    },
    xAxis: { type: "time", min: now - WINDOW_MS, max: now, splitNumber: 3, axisLabel: { hideOverlap: true } },
    yAxis: {
      type: "value",
      min: 0,
      max: top,
      interval: top / 2,
      axisLabel: { formatter: (value: number) => write(value), hideOverlap: true },
    },
    series: lines.map((line, index) => ({
      type: "line",
      animation: false,
      color: COLOURS[index % COLOURS.length],
      name: line.name,
      data: line.at.map((at, index) => [at, line.values[index] ?? null]),
      showSymbol: line.values.filter((one) => one !== null).length < FEW,
      symbol: "circle",
      symbolSize: 4,
      lineStyle: { width: 1.8 },
      areaStyle: line.isFilled ? { opacity: 0.18 } : undefined,
    })),
  };
}

interface Words {
  errors: string;
  waiting: string;
  underWay: string;
}

/** The four charts of an endpoint: requests by deployment, latency, errors, load. */
export function optionsOf(figures: Figures, present: number, words: Words, language: string) {
  const { endpoint: whole, deployments } = figures;
  const { at } = whole;
  const now = Math.max(present, at.at(-1) ?? 0);
  const asRate = (value: number) => rate(value, language);
  const asPercent = (value: number) => percent(value, language);
  const latency = (["p50", "p95", "p99"] as const).map((name) => ({ name, at, values: whole[name] }));
  const errors = whole.error_share.map((one) => one ?? 0);
  const load = [
    { name: words.waiting, at, values: whole.queued },
    { name: words.underWay, at, values: whole.in_flight },
  ];
  return {
    rate: timeChart(rateLines(deployments), { now, write: asRate, least: 1 }),
    latency: timeChart(latency, { now, write: seconds, least: 0.005 }),
    errors: timeChart([{ name: words.errors, at, values: errors, isFilled: true }], {
      now,
      write: asPercent,
      least: 0.05,
    }),
    load: timeChart(load, { now, write: asRate, least: 2 }),
  };
}

function rateLines(deployments: Record<string, FigureSeries>): Line[] {
  return Object.entries(deployments)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, series]) => ({ name, at: series.at, values: series.rate, isFilled: true }));
}

/** The last value of a series, written; a dash when nothing was measured then. */
export function lastOf(values: (number | null)[], write: (value: number) => string): string {
  const value = values.at(-1) ?? null;
  return value === null ? "—" : write(value);
}
