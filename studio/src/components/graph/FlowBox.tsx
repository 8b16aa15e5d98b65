import { type NodeProps, type ReactFlowState, useStore } from "@xyflow/react";
import { type CSSProperties, memo } from "react";
import type { FlowNode } from "@/components/graph/flow";
import classes from "@/components/graph/graph.module.css";

/** Below this zoom no word can be read: boxes are drawn plain, in their colour. */
const FAR = 0.3;

const isFarAway = ({ transform }: ReactFlowState) => transform[2] < FAR;

/** The frame of a node. */
export const FlowBox = memo(function FlowBox({ data: { content, isGroup, tint } }: NodeProps<FlowNode>) {
  const isFar = useStore(isFarAway);
  if (isGroup) return <div className={classes.group}>{!isFar && content}</div>;
  if (!isFar) return <div className={classes.box}>{content}</div>;
  const style = tint ? ({ "--card-colour": `var(--mantine-color-${tint}-filled)` } as CSSProperties) : undefined;
  return <div className={classes.speck} style={style} />;
});
