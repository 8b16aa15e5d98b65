import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Background, Controls, MiniMap, type NodeChange, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { type ReactNode, useCallback, useMemo } from "react";
import { ErrorBox } from "@/components/ErrorBox";
import { Arrows } from "@/components/graph/Arrows";
import { FlowBox } from "@/components/graph/FlowBox";
import { type FlowNode, flowNodes } from "@/components/graph/flow";
import classes from "@/components/graph/graph.module.css";
import type { Box, Direction, GraphEdge, GraphNode, Point } from "@/components/graph/model";
import { useInSight } from "@/components/graph/use-in-sight";
import { useLayout } from "@/components/graph/use-layout";
import { useGraphWords } from "@/components/graph/words";
import { Loading } from "@/components/Loading";

const TYPES = { box: FlowBox };
const NO_EDGES: never[] = [];
const MAP_FROM = 25;

interface Props<Data> {
  /** What the graph shows, in a few words. */
  label: string;
  nodes: GraphNode<Data>[];
  edges: GraphEdge[];
  /** Draws what stands in a node's box (`NodeCard` for the usual look). Keep it stable (`useCallback`). */
  render: (node: GraphNode<Data>, isSelected: boolean) => ReactNode;
  /** The colour of a node (one of the theme's) that is drawn too small for words. Keep it stable. */
  tint?: (node: GraphNode<Data>) => string | undefined;
  /** The chosen node; it is brought into sight when it changes. */
  selected?: string | null;
  /** Called on click and Enter; without it nodes are no buttons, and what they hold can be. */
  onPick?: (id: string) => void;
  /** To the right where there is room, else down. */
  direction?: Direction;
  /** In CSS; left out: as high as the graph, and no higher than the window. */
  height?: string;
}

/** A graph laid out in layers: pan, zoom, keyboard; only nodes in sight are drawn, from afar as plain boxes. */
export function Graph<Data>(props: Props<Data>) {
  const isNarrow = useMediaQuery("(max-width: 700px)") ?? false;
  const direction = props.direction ?? (isNarrow ? "DOWN" : "RIGHT");
  const layout = useLayout(props.nodes, props.edges, direction);
  if (layout.error) return <ErrorBox error={layout.error} />;
  return (
    <section
      className={classes.graph}
      style={{ height: props.height ?? heightOf(layout.boxes) }}
      aria-label={props.label}
    >
      {layout.boxes ? (
        <ReactFlowProvider>
          <Drawing {...props} boxes={layout.boxes} routes={layout.routes} />
        </ReactFlowProvider>
      ) : (
        <Loading />
      )}
    </section>
  );
}

/** Leaves a small graph a small box. */
function heightOf(boxes: Map<string, Box> | null): string {
  const bottom = Math.max(0, ...[...(boxes?.values() ?? [])].map(({ y, height }) => y + height));
  return `min(70vh, ${Math.max(300, Math.round(bottom) + 120)}px)`;
}

interface DrawingProps<Data> extends Props<Data> {
  boxes: Map<string, Box>;
  routes: Map<string, Point[]>;
}

function Drawing<Data>({ nodes, edges, boxes, routes, render, tint, selected = null, onPick }: DrawingProps<Data>) {
  const scheme = useComputedColorScheme("light");
  const words = useGraphWords();
  const shown = useMemo(
    () => flowNodes(nodes, boxes, { selected, render, tint }),
    [nodes, boxes, selected, render, tint],
  );
  const take = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      const chosen = changes.find((change) => change.type === "select" && change.selected);
      if (chosen?.type === "select") onPick?.(chosen.id);
    },
    [onPick],
  );
  useInSight(selected, boxes);
  return (
    <ReactFlow
      nodes={shown}
      edges={NO_EDGES}
      nodeTypes={TYPES}
      onNodesChange={take}
      colorMode={scheme}
      ariaLabelConfig={words}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={onPick !== undefined}
      elementsSelectable={onPick !== undefined}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      onlyRenderVisibleElements
      fitView
      fitViewOptions={{ maxZoom: 1, padding: 0.08 }}
      minZoom={0.03}
      maxZoom={2}
    >
      <Background gap={24} />
      <Arrows edges={edges} routes={routes} />
      <Controls showInteractive={false} />
      {nodes.length >= MAP_FROM && <MiniMap pannable zoomable />}
    </ReactFlow>
  );
}
