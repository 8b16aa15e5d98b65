import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import { type ChartOption, echarts } from "@/components/chart/echarts";

interface Props {
  /** What the chart shows, in a sentence, for those who hear the page. */
  label: string;
  option: ChartOption;
  height?: number;
  /** Called with the name or index of what was clicked. */
  onPick?: (item: { seriesName?: string; name: string; dataIndex: number }) => void;
}

/** A chart that follows its box's size and the page's colours; `option` replaces the one before. */
export function Chart({ label, option, height = 280, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof echarts.init> | null>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const made = echarts.init(place, scheme === "dark" ? "dark" : null, { renderer: "canvas" });
    chart.current = made;
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [scheme]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new colour scheme makes a new chart, which needs the option again
  useEffect(() => {
    chart.current?.setOption({ backgroundColor: "transparent", animationDuration: 200, ...option }, { notMerge: true });
  }, [option, scheme]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useEffect(() => {
    const made = chart.current;
    if (!made || !onPick) return;
    const pick = (event: unknown) => onPick(event as Parameters<typeof onPick>[0]);
    made.on("click", pick);
    return () => {
      if (!made.isDisposed()) made.off("click", pick);
    };
  }, [onPick, scheme]);
  return <div ref={box} role="img" aria-label={label} style={{ width: "100%", height }} />;
}
