import type { SweepTrial, SweepTrials } from "@/api/sweeps";
import type { ChartOption } from "@/components/chart/echarts";
import { formatNumber } from "@/lib/format";

/** Trials whose result counts, by the time at which they ended. */
export function results(sweep: SweepTrials): (SweepTrial & { value: number })[] {
  return sweep.trials
    .filter((trial): trial is SweepTrial & { value: number } => trial.value !== null && isCounted(trial))
    .sort((a, b) => (a.ended_at ?? "").localeCompare(b.ended_at ?? "") || a.number - b.number);
}

function isCounted({ phase }: SweepTrial): boolean {
  return phase === "completed" || phase === "stopped";
}

/** The best value after each result. */
export function bestSoFar(values: number[], maximize: boolean): number[] {
  let best = Number.NaN;
  return values.map((value) => {
    if (Number.isNaN(best) || (maximize ? value > best : value < best)) best = value;
    return best;
  });
}

const LINE = "#3f6fd0";
const POINT = "#8a94a6";

/** Each result as a point at the time it came, and the best so far as a line. */
export function bestOption(sweep: SweepTrials, words: { best: string; each: string }): ChartOption {
  const found = results(sweep);
  const times = found.map(({ ended_at }) => Date.parse(ended_at ?? ""));
  const best = bestSoFar(
    found.map(({ value }) => value),
    sweep.maximize,
  );
  return {
    grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
    legend: { top: 0, data: [words.best, words.each] },
    tooltip: { trigger: "axis", valueFormatter: (value) => formatNumber(Number(value)) },
    xAxis: { type: "time", axisLabel: { hideOverlap: true } },
    yAxis: { type: "value", scale: true, axisLabel: { formatter: (value: number) => formatNumber(value, 4) } },
    series: [
      {
        type: "line",
        name: words.best,
        step: "end",
        showSymbol: false,
        color: LINE,
        data: best.map((value, index) => [times[index] ?? 0, value]),
      },
      {
        type: "scatter",
        name: words.each,
        symbolSize: 7,
        color: POINT,
        data: found.map(({ value }, index) => [times[index] ?? 0, value]),
      },
    ],
  };
}

/** One axis a parameter, the metric last; a line for each result, coloured by the metric. */
export function parallelOption(sweep: SweepTrials, ground: string): ChartOption {
  const found = results(sweep);
  const names = parameterNames(sweep);
  const values = found.map(({ value }) => value);
  const columns = names.map((name, dim) => columnOf(sweep, name, dim, found));
  return {
    tooltip: { trigger: "item" },
    parallel: { left: 48, right: 90, top: 44, bottom: 16, parallelAxisDefault: axisLook(ground) },
    parallelAxis: [
      ...columns.map(({ axis }) => axis),
      { dim: names.length, name: sweep.metric, type: "value" as const, scale: true },
    ],
    visualMap: {
      show: false,
      dimension: names.length,
      ...colourRange(values, sweep.maximize),
      inRange: { color: sweep.maximize ? COLOURS : [...COLOURS].reverse() },
    },
    series: [
      {
        type: "parallel",
        smooth: false,
        lineStyle: { width: 1.5, opacity: 0.75 },
        data: values.map((value, row) => [...columns.map(({ cells }) => cells[row] ?? "—"), value]) as number[][],
      },
    ],
  };
}

/** The values between which colours differ: the worst quarter shares one, so that an outlier does not take them all. */
function colourRange(values: number[], maximize: boolean): { min: number; max: number } {
  const rising = [...values].sort((a, b) => a - b);
  const quarter = Math.floor(rising.length / 4);
  const [least = 0, most = 0] = [rising[0], rising.at(-1)];
  const bound = (maximize ? rising[quarter] : rising.at(-1 - quarter)) ?? least;
  if (bound === (maximize ? most : least)) return { min: least, max: most };
  return maximize ? { min: bound, max: most } : { min: least, max: bound };
}

/** From the worst to the best: seen on light and dark grounds alike. */
export const COLOURS = ["#a3acba", "#5b8def", "#e8590c"];

/** How an axis of parallel coordinates is written: its values stay readable where lines cross them. */
export function axisLook(ground: string) {
  const axisLabel = { textBorderColor: ground, textBorderWidth: 4, textBorderType: "solid" as const };
  return { nameLocation: "end" as const, nameGap: 14, axisLabel };
}

/** An axis and the values on it: numbers keep their scale, choices and everything else stand as words. */
function columnOf(sweep: SweepTrials, name: string, dim: number, found: SweepTrial[]) {
  const raw = found.map(({ parameters }) => parameters[name]);
  const own = sweep.parameters.find((one) => one.name === name);
  const isNumber = raw.every((value) => typeof value === "number");
  if (isNumber && own?.kind !== "choice") {
    const isLog = own?.is_log && raw.every((value) => Number(value) > 0);
    const axis = { dim, name, type: isLog ? ("log" as const) : ("value" as const), scale: true };
    return { axis, cells: raw.map(Number) };
  }
  const cells = raw.map((value) => (typeof value === "string" ? value : JSON.stringify(value ?? null)));
  const compare = isNumber ? (a: string, b: string) => Number(a) - Number(b) : undefined;
  return { axis: { dim, name, type: "category" as const, data: [...new Set(cells)].sort(compare) }, cells };
}

/** The names of all parameters that some trial has, those of the search space first. */
export function parameterNames(sweep: SweepTrials): string[] {
  const names = new Set<string>();
  for (const trial of sweep.trials) for (const name of Object.keys(trial.parameters)) names.add(name);
  const order = new Map(sweep.parameters.map(({ name }, index) => [name, index]));
  const rank = (name: string) => order.get(name.split(".", 1)[0] ?? "") ?? order.size;
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** A bar for each parameter, the most important at the top. */
export function importanceOption(values: { name: string; importance: number }[]): ChartOption {
  const rising = [...values].reverse();
  return {
    grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: "value", max: 1, show: false },
    yAxis: { type: "category", data: rising.map(({ name }) => name), axisTick: { show: false } },
    series: [
      {
        type: "bar",
        barMaxWidth: 22,
        color: LINE,
        data: rising.map(({ importance }) => importance),
        label: { show: true, position: "right", formatter: ({ value }) => `${(Number(value) * 100).toFixed(0)} %` },
      },
    ],
  };
}
