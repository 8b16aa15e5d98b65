import { ViewportPortal } from "@xyflow/react";
import { memo, useMemo } from "react";
import { EDGE_LEVEL } from "@/components/graph/flow";
import classes from "@/components/graph/graph.module.css";
import type { GraphEdge, Point } from "@/components/graph/model";
import { pathsOf } from "@/components/graph/route";

interface Props {
  edges: GraphEdge[];
  /** Ways by `routeKey`; an arrow without one is not drawn. */
  routes: Map<string, Point[]>;
}

/** All arrows as three paths: a thousand elements of their own would make each frame of a zoom late. */
export const Arrows = memo(function Arrows({ edges, routes }: Props) {
  const { plain, dashed, heads } = useMemo(() => pathsOf(edges, routes), [edges, routes]);
  return (
    <ViewportPortal>
      <svg className={classes.arrows} style={{ zIndex: EDGE_LEVEL }} aria-hidden="true">
        <path className={classes.way} d={plain} />
        <path className={classes.way} d={dashed} strokeDasharray="5 4" />
        <path className={classes.head} d={heads} />
      </svg>
    </ViewportPortal>
  );
});
