import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import type { FlowEdge } from "@/components/graph/flow";
import { middleOf, pathOf } from "@/components/graph/route";

/** An arrow along the way that the layout found for it; a plain curve while there is none. */
export const FlowRoute = memo(function FlowRoute({ data, label, markerEnd, style, ...ends }: EdgeProps<FlowEdge>) {
  const points = data?.points;
  const [curve, x, y] = getBezierPath(ends);
  const middle = points ? middleOf(points) : { x, y };
  return (
    <BaseEdge
      path={points ? pathOf(points) : curve}
      label={label}
      labelX={middle.x}
      labelY={middle.y}
      markerEnd={markerEnd}
      style={style}
    />
  );
});
