import type { PipelineGraph, PipelinePort, PipelineStep } from "@/api/pipelines";
import type { GraphEdge, GraphNode } from "@/components/graph/model";

/** A step where it stands: its name, with those of the pipelines that it is nested in before it. */
export interface PlacedStep {
  /** `outer/inner/step`. */
  path: string;
  step: PipelineStep;
  /** Whether the nested pipeline is open in place. */
  isOpen: boolean;
}

/** What a node of the drawn graph stands for. */
export type Drawn = ({ kind: "step" } & PlacedStep) | { kind: "input" | "output"; port: PipelinePort };

/** The graphs of nested pipelines that are open, by the names of their jobs; undefined while they are on their way. */
export type Opened = ReadonlyMap<string, PipelineGraph | undefined>;

/** All steps that are shown, those of open pipelines after the step that they are nested in. */
export function placedSteps(graph: PipelineGraph, opened: Opened, prefix = ""): PlacedStep[] {
  return graph.steps.flatMap((step) => {
    const path = prefix + step.name;
    const inner = innerGraph(step, opened);
    const own = { path, step, isOpen: inner !== undefined };
    return inner ? [own, ...placedSteps(inner, opened, `${path}/`)] : [own];
  });
}

function innerGraph(step: PipelineStep, opened: Opened): PipelineGraph | undefined {
  return step.type === "pipeline" && step.job !== null ? opened.get(step.job) : undefined;
}

/** Makes nodes and arrows of a pipeline; `describe` says in words what a step is and where it stands. */
export function drawPipeline(
  graph: PipelineGraph,
  opened: Opened,
  describe: (placed: PlacedStep) => string,
): { nodes: GraphNode<Drawn>[]; edges: GraphEdge[] } {
  const nodes: GraphNode<Drawn>[] = placedSteps(graph, opened).map((placed) => ({
    id: placed.path,
    ...(placed.path.includes("/") ? { parent: placed.path.slice(0, placed.path.lastIndexOf("/")) } : {}),
    isGroup: placed.isOpen,
    label: describe(placed),
    data: { kind: "step", ...placed },
  }));
  for (const port of graph.inputs) nodes.push(portNode("input", port));
  for (const port of graph.outputs) nodes.push(portNode("output", port));
  const inner = [...nodes].flatMap(({ data }) => {
    const found = data.kind === "step" ? innerGraph(data.step, opened) : undefined;
    return data.kind === "step" && found ? arrows(found, `${data.path}/`, false) : [];
  });
  return { nodes, edges: [...arrows(graph, "", true), ...inner] };
}

const PORT_HEIGHT = 56;

/** The id of the node that stands for an input or output of the whole pipeline. */
export function portId(kind: "input" | "output", name: string): string {
  return `${kind}:${name}`;
}

function portNode(kind: "input" | "output", port: PipelinePort): GraphNode<Drawn> {
  return { id: portId(kind, port.name), label: port.name, width: 180, height: PORT_HEIGHT, data: { kind, port } };
}

/** One arrow for each pair of nodes, dashed where a step only waits for the other. */
function arrows(graph: PipelineGraph, prefix: string, withPorts: boolean): GraphEdge[] {
  const found = new Map<string, GraphEdge>();
  for (const { source, target, output, input } of graph.edges) {
    if (!withPorts && (!source || !target)) continue;
    const from = source ? prefix + source : portId("input", output);
    const to = target ? prefix + target : portId("output", input);
    const id = `${from}>${to}`;
    const isDashed = output === "" && input === "" && (found.get(id)?.isDashed ?? true);
    found.set(id, { id, source: from, target: to, isDashed });
  }
  return [...found.values()];
}

/** Where the first failure lies: which pipelines to open, and the path of the step. */
export function causeOf(graph: PipelineGraph): { open: string[]; path: string } | null {
  const last = graph.cause.findIndex(({ type }) => type !== "pipeline");
  const steps = last < 0 ? graph.cause : graph.cause.slice(0, last + 1);
  if (steps.length === 0) return null;
  return {
    open: steps.slice(0, -1).map(({ job }) => job),
    path: steps.map(({ step }) => step).join("/"),
  };
}

/** How many steps are in each state; a reused step counts as reused. */
export function countStates(steps: PipelineStep[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const step of steps) {
    const state = step.reused_from ? "Reused" : step.status;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts];
}
