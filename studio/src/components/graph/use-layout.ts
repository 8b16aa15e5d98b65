import { useEffect, useState } from "react";
import { layOut } from "@/components/graph/engine";
import { boxesOf, layoutKey, routesOf, toElk } from "@/components/graph/layout";
import type { Box, Direction, GraphEdge, GraphNode, Point } from "@/components/graph/model";

export interface Layout {
  /** Boxes of the last layout; null before the first. */
  boxes: Map<string, Box> | null;
  /** Ways of arrows, by `routeKey`. */
  routes: Map<string, Point[]>;
  error: unknown;
}

const NONE: Layout = { boxes: null, routes: new Map(), error: null };

/** Places nodes; a new layout is made only when structure or sizes change, and the old one stays until it is there. */
export function useLayout<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): Layout {
  const [layout, setLayout] = useState<Layout>(NONE);
  const key = layoutKey(nodes, edges, direction);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for nodes, edges and direction
  useEffect(() => {
    let isWanted = true;
    const take = (next: Layout) => isWanted && setLayout(next);
    layOut(toElk(nodes, edges, direction)).then(
      (graph) => take({ boxes: boxesOf(graph), routes: routesOf(graph), error: null }),
      (error: unknown) => take({ ...NONE, error }),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return layout;
}
