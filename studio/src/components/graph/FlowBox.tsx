import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { FlowNode } from "@/components/graph/flow";
import classes from "@/components/graph/graph.module.css";

/** The frame of a node, with the points where arrows begin and end. */
export const FlowBox = memo(function FlowBox({ data }: NodeProps<FlowNode>) {
  const isAcross = data.direction === "RIGHT";
  return (
    <div className={data.isGroup ? classes.group : classes.box}>
      <Handle
        type="target"
        position={isAcross ? Position.Left : Position.Top}
        className={classes.end}
        isConnectable={false}
      />
      {data.content}
      <Handle
        type="source"
        position={isAcross ? Position.Right : Position.Bottom}
        className={classes.end}
        isConnectable={false}
      />
    </div>
  );
});
