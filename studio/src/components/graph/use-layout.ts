import { useEffect, useState } from "react";
import { layOut } from "@/components/graph/engine";
import { boxesOf, layoutKey, toElk } from "@/components/graph/layout";
import type { Box, Direction, GraphEdge, GraphNode } from "@/components/graph/model";

export interface Layout {
  /** Boxes of the last layout; null before the first. */
  boxes: Map<string, Box> | null;
  error: unknown;
}

/** Places nodes; a new layout is made only when structure or sizes change, and the old one stays until it is there. */
export function useLayout<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): Layout {
  const [layout, setLayout] = useState<Layout>({ boxes: null, error: null });
  const key = layoutKey(nodes, edges, direction);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for nodes, edges and direction
  useEffect(() => {
    let isWanted = true;
    const take = (next: Layout) => isWanted && setLayout(next);
    layOut(toElk(nodes, edges, direction)).then(
      (graph) => take({ boxes: boxesOf(graph), error: null }),
      (error: unknown) => take({ boxes: null, error }),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return layout;
}
