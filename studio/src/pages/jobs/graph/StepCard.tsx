import { IconCornerDownRight, IconRecycle } from "@tabler/icons-react";
import { memo } from "react";
import type { PipelineStep } from "@/api/pipelines";
import { NodeCard } from "@/components/graph/NodeCard";
import { statusColour, statusIcon } from "@/components/StatusBadge";
import { Duration } from "@/components/times";
import classes from "@/pages/jobs/graph/graph.module.css";

interface Props {
  step: PipelineStep;
  /** Its state, or what it is where it has none. */
  word: string;
  isOpen: boolean;
  isSelected: boolean;
}

/** The colour of a step: that of its state, and one of its own for a result that was there already. */
export function stepColour(step: PipelineStep): string {
  return step.reused_from ? "violet" : statusColour(step.status);
}

/** A step in the graph: its name, and its state as icon, word and colour. Drawn a thousand times: kept light. */
export const StepCard = memo(function StepCard({ step, word, isOpen, isSelected }: Props) {
  const Icon = step.reused_from ? IconRecycle : statusIcon(step.status);
  const detail = step.status !== "" && (
    <>
      <Icon size={13} aria-hidden color={`var(--mantine-color-${stepColour(step)}-light-color)`} />
      <span>{word}</span>
      {step.started_at !== null && !step.reused_from && <Duration from={step.started_at} to={step.ended_at} />}
      {step.tries > 1 && <span>×{step.tries}</span>}
    </>
  );
  const title = (
    <>
      {step.type === "pipeline" && <IconCornerDownRight size={13} aria-hidden className={classes.nested} />}
      {step.name}
    </>
  );
  if (isOpen) {
    return (
      <div className={classes.head} data-selected={isSelected || undefined} title={step.name}>
        <b>{title}</b>
        <span className={classes.state}>{detail}</span>
      </div>
    );
  }
  return (
    <NodeCard title={title} colour={stepColour(step)} isSelected={isSelected} hint={step.name}>
      {detail || word}
    </NodeCard>
  );
});
