import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { PipelineGraph } from "@/api/pipelines";
import { Graph } from "@/components/graph/Graph";
import type { GraphNode } from "@/components/graph/model";
import { NodeCard } from "@/components/graph/NodeCard";
import classes from "@/pages/jobs/graph/graph.module.css";
import { causeOf, type Drawn, drawPipeline, type Opened, type PlacedStep, placedSteps } from "@/pages/jobs/graph/model";
import { type Place, usePlace } from "@/pages/jobs/graph/place";
import { StepCard, stepColour } from "@/pages/jobs/graph/StepCard";
import { StepList } from "@/pages/jobs/graph/StepList";
import { StepPanel } from "@/pages/jobs/graph/StepPanel";
import { Toolbar } from "@/pages/jobs/graph/Toolbar";
import { stateWord, stepNote, waitsFor } from "@/pages/jobs/graph/words";

interface Props {
  graph: PipelineGraph;
  /** The graphs of the nested pipelines that are open. */
  opened: Opened;
}

/** A pipeline as a graph or a list, with a panel for the chosen step. */
export function PipelineView({ graph, opened }: Props) {
  const place = usePlace();
  const isNarrow = useMediaQuery("(max-width: 700px)") ?? false;
  const steps = useMemo(() => placedSteps(graph, opened), [graph, opened]);
  const noteOf = useNotes(graph, steps);
  const view = place.view || (isNarrow ? "list" : "graph");
  const chosen = steps.find(({ path }) => path === place.step);
  const cause = useMemo(() => causeOf(graph), [graph]);
  const pick = useCallback((path: string) => place.go({ step: path }), [place.go]);
  return (
    <>
      <Toolbar
        steps={steps}
        selected={chosen?.path ?? ""}
        onPick={pick}
        view={view}
        onView={(next) => place.go({ view: next })}
        onCause={cause && (() => place.go({ step: cause.path, open: [...new Set([...place.open, ...cause.open])] }))}
      />
      <div className={classes.sides} data-with-panel={chosen !== undefined || undefined}>
        {view === "list" ? (
          <StepList steps={steps} noteOf={noteOf} onPick={pick} />
        ) : (
          <Drawing graph={graph} opened={opened} selected={place.step} onPick={pick} />
        )}
        {chosen && (
          <StepPanel
            key={chosen.path}
            placed={chosen}
            note={noteOf(chosen)}
            onClose={() => pick("")}
            onTurn={turn(place, chosen)}
          />
        )}
      </div>
    </>
  );
}

/** What opens or closes a nested pipeline; null where there is none yet. */
function turn(place: Place, { step, isOpen }: PlacedStep): (() => void) | null {
  const { job } = step;
  if (step.type !== "pipeline" || job === null) return null;
  return () => place.go({ open: isOpen ? place.open.filter((name) => name !== job) : [...place.open, job] });
}

function useNotes(graph: PipelineGraph, steps: PlacedStep[]): (placed: PlacedStep) => string {
  const { t } = useTranslation(["pipelines", "status"]);
  return useMemo(() => {
    const byPath = new Map(steps.map(({ path, step }) => [path, step]));
    return ({ path, step }) => {
      const prefix = path.slice(0, path.lastIndexOf("/") + 1);
      const siblings = new Map(
        step.needs.flatMap((name) => {
          const found = byPath.get(prefix + name);
          return found ? [[name, found] as const] : [];
        }),
      );
      const status = prefix ? (byPath.get(prefix.slice(0, -1))?.status ?? "") : graph.status;
      return stepNote(t, step, status, waitsFor(step, siblings));
    };
  }, [graph.status, steps, t]);
}

const tintOf = ({ data }: GraphNode<Drawn>) => (data.kind === "step" ? stepColour(data.step) : undefined);

interface DrawingProps extends Props {
  selected: string;
  onPick: (path: string) => void;
}

function Drawing({ graph, opened, selected, onPick }: DrawingProps) {
  const { t } = useTranslation(["pipelines", "status"]);
  const { nodes, edges } = useMemo(
    () => drawPipeline(graph, opened, ({ path, step }) => (step.status ? `${path}: ${stateWord(t, step)}` : path)),
    [graph, opened, t],
  );
  const render = useCallback(
    ({ data }: GraphNode<Drawn>, isSelected: boolean) => {
      if (data.kind === "step") {
        const { step, isOpen } = data;
        const word = step.status ? stateWord(t, step) : t(step.type === "pipeline" ? "graph.nested" : "graph.step");
        return <StepCard step={step} word={word} isOpen={isOpen} isSelected={isSelected} />;
      }
      return (
        <NodeCard title={data.port.name} hint={data.port.value ?? data.port.name}>
          {t(data.kind === "input" ? "graph.input" : "graph.output")}
        </NodeCard>
      );
    },
    [t],
  );
  return (
    <Graph
      label={t("graph.label", { name: graph.name })}
      nodes={nodes}
      edges={edges}
      render={render}
      tint={tintOf}
      selected={selected || null}
      onPick={onPick}
    />
  );
}
