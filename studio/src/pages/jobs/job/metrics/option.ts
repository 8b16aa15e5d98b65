import type { ChartOption } from "@/components/chart/echarts";
import { formatNumber } from "@/lib/format";
import type { Axis, Curve } from "@/pages/jobs/job/metrics/curves";
import { smoothed } from "@/pages/jobs/job/metrics/smoothing";

export interface CurveLook {
  axis: Axis;
  isLog: boolean;
  /** 0 to below 1. */
  smoothing: number;
}

/** What a chart of one metric is told: its points, and over them the smoothed curve when one is asked for. */
export function curveOption(curve: Curve, look: CurveLook): ChartOption {
  const drawable = curve.y.map((value) => (look.isLog && value !== null && value <= 0 ? null : value));
  const isSmooth = look.smoothing > 0;
  const raw = line(curve.x, drawable, isSmooth ? 0.3 : 1);
  const series = isSmooth ? [raw, line(curve.x, smoothed(drawable, look.smoothing), 1)] : [raw];
  return {
    color: ["#3f6fd0"],
    grid: { left: 8, right: 14, top: 14, bottom: 8, containLabel: true },
    xAxis: {
      type: look.axis === "time" ? "time" : "value",
      min: "dataMin",
      max: "dataMax",
      splitLine: { show: false },
      axisLabel: { hideOverlap: true },
    },
    yAxis: {
      type: look.isLog ? "log" : "value",
      scale: true,
      axisLabel: { formatter: (value: number) => formatNumber(value, 4) },
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      valueFormatter: (value) => (typeof value === "number" ? formatNumber(value, 6) : "—"),
    },
    dataZoom: [{ type: "inside" }],
    animation: false,
    series,
  };
}

function line(x: number[], y: (number | null)[], opacity: number) {
  return {
    type: "line" as const,
    showSymbol: x.length < 3,
    symbolSize: 6,
    lineStyle: { width: 1.6, opacity },
    itemStyle: { opacity },
    data: x.map((at, index) => [at, y[index] ?? null]),
  };
}
