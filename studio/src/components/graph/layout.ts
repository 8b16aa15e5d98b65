import type { ElkNode } from "elkjs/lib/elk-api";
import {
  type Box,
  type Direction,
  type GraphEdge,
  type GraphNode,
  HEAD_HEIGHT,
  NODE_HEIGHT,
  NODE_WIDTH,
} from "@/components/graph/model";

const ROOT = "\u0000root";

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.layered.spacing.nodeNodeBetweenLayers": "64",
  "elk.spacing.nodeNode": "24",
  "elk.spacing.componentComponent": "40",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};

/** Says what of a graph decides where things lie: the same key needs no new layout. */
export function layoutKey<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): string {
  const boxes = nodes.map(({ id, parent, isGroup, width, height }) => [id, parent, isGroup, width, height]);
  return JSON.stringify([direction, boxes, edges.map(({ source, target }) => [source, target])]);
}

/** Writes a graph as the layout engine reads it; edges that lead nowhere are left out. */
export function toElk<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): ElkNode {
  const known = new Map(nodes.map((node) => [node.id, elkNode(node)]));
  const root: ElkNode = { id: ROOT, children: [], layoutOptions: { ...OPTIONS, "elk.direction": direction } };
  for (const node of nodes) {
    const made = known.get(node.id) as ElkNode;
    const holder = (node.parent === undefined ? undefined : known.get(node.parent)) ?? root;
    holder.children ??= [];
    holder.children.push(made);
  }
  root.edges = edges
    .filter(({ source, target }) => known.has(source) && known.has(target))
    .map(({ source, target }, index) => ({ id: `\u0000${index}`, sources: [source], targets: [target] }));
  return root;
}

/** Reads where the layout engine put every node. */
export function boxesOf(graph: ElkNode): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const visit = (node: ElkNode) => {
    for (const child of node.children ?? []) {
      const { id, x = 0, y = 0, width = NODE_WIDTH, height = NODE_HEIGHT } = child;
      boxes.set(id, { x, y, width, height });
      visit(child);
    }
  };
  visit(graph);
  return boxes;
}

function elkNode<Data>(node: GraphNode<Data>): ElkNode {
  const size = { width: node.width ?? NODE_WIDTH, height: node.height ?? NODE_HEIGHT };
  if (!node.isGroup) return { id: node.id, ...size };
  const layoutOptions = {
    "elk.padding": `[top=${HEAD_HEIGHT + 12},left=16,bottom=16,right=16]`,
    "elk.nodeSize.constraints": "MINIMUM_SIZE",
    "elk.nodeSize.minimum": `(${size.width},${HEAD_HEIGHT + 24})`,
  };
  return { id: node.id, ...size, layoutOptions };
}
