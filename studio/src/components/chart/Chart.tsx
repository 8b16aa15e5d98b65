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
  /** Called with the ends of the part of the axis that the person zoomed to, when it has come to rest. */
  onZoom?: (part: { start: number; end: number }) => void;
}

const REST_MS = 250;

/** The colour that a chart stands on, which it must be told to draw with it. */
export function groundOf(scheme: "light" | "dark"): string {
  return scheme === "dark" ? "#242424" : "#ffffff";
}

/** A chart that follows its box's size and the page's colours; `option` replaces the one before. */
export function Chart({ label, option, height = 280, onPick, onZoom }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof echarts.init> | null>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const made = echarts.init(place, scheme === "dark" ? "dark" : null, { renderer: "canvas" });
    chart.current = made;
    const watcher = new ResizeObserver(() => {
      // It tells the size at once, in which the chart has just been made: drawing all of it again is for nothing.
      if (made.getWidth() !== place.clientWidth || made.getHeight() !== place.clientHeight) made.resize();
    });
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useEffect(() => {
    const made = chart.current;
    if (!made || !onZoom) return;
    let timer = 0;
    const tell = () => {
      const zoom = (made.getOption() as { dataZoom?: { startValue?: number; endValue?: number }[] }).dataZoom?.[0];
      if (zoom?.startValue !== undefined && zoom.endValue !== undefined) {
        onZoom({ start: zoom.startValue, end: zoom.endValue });
      }
    };
    const wait = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(tell, REST_MS);
    };
    made.on("datazoom", wait);
    return () => {
      window.clearTimeout(timer);
      if (!made.isDisposed()) made.off("datazoom", wait);
    };
  }, [onZoom, scheme]);
  return <div ref={box} role="img" aria-label={label} style={{ width: "100%", height }} />;
}
