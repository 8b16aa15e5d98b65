import { useReactFlow, useStore, useStoreApi } from "@xyflow/react";
import { useEffect } from "react";
import type { Box } from "@/components/graph/model";

/**
 * Moves the view so that a node can be seen: when another one is chosen, and when a new layout or another width of
 * the window has moved it out of sight.
 */
export function useInSight(id: string | null, boxes: ReadonlyMap<string, Box>): void {
  const flow = useReactFlow();
  const store = useStoreApi();
  const width = useStore((state) => state.width);
  // biome-ignore lint/correctness/useExhaustiveDependencies: boxes and width are what may have moved the node
  useEffect(() => {
    const node = id === null ? undefined : flow.getInternalNode(id);
    if (!node) return;
    const { width, height, transform } = store.getState();
    const [left, top, zoom] = transform;
    const { x, y } = node.internals.positionAbsolute;
    const w = node.measured.width ?? 0;
    const h = node.measured.height ?? 0;
    const isSeen =
      x * zoom + left >= 0 && y * zoom + top >= 0 && (x + w) * zoom + left <= width && (y + h) * zoom + top <= height;
    if (!isSeen || zoom < 0.4) void flow.setCenter(x + w / 2, y + h / 2, { zoom: Math.max(zoom, 0.8), duration: 200 });
  }, [id, flow, store, boxes, width]);
}
