import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api";
import {
  type Box,
  type Direction,
  type GraphEdge,
  type GraphNode,
  HEAD_HEIGHT,
  NODE_HEIGHT,
  NODE_WIDTH,
  type Point,
} from "@/components/graph/model";

const ROOT = "\u0000root";

const SPACING = {
  "elk.layered.spacing.nodeNodeBetweenLayers": "64",
  "elk.spacing.nodeNode": "24",
};

const OPTIONS = {
  ...SPACING,
  "elk.algorithm": "layered",
  "elk.spacing.componentComponent": "40",
  "elk.layered.spacing.edgeNodeBetweenLayers": "20",
  "elk.json.edgeCoords": "ROOT",
};

const SMALL_OPTIONS = { "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES" };

/** Groups are laid out together with what lies around them; where there are none, this would only take longer. */
const NESTED_OPTIONS = { "elk.hierarchyHandling": "INCLUDE_CHILDREN" };

const LARGE = 200;

/** What makes a large graph quick to lay out and flat enough to look at: a third of the time, a tenth of the height. */
const LARGE_OPTIONS = {
  "elk.edgeRouting": "POLYLINE",
  "elk.layered.thoroughness": "1",
  "elk.layered.crossingMinimization.greedySwitch.type": "OFF",
  "elk.layered.nodePlacement.strategy": "SIMPLE",
};

/** Says what of a graph decides where things lie: the same key needs no new layout. */
export function layoutKey<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): string {
  const boxes = nodes.map(({ id, parent, isGroup, width, height }) => [id, parent, isGroup, width, height]);
  return JSON.stringify([direction, boxes, edges.map(({ source, target }) => [source, target])]);
}

/** Writes a graph as the layout engine reads it; edges that lead nowhere are left out. */
export function toElk<Data>(nodes: GraphNode<Data>[], edges: GraphEdge[], direction: Direction): ElkNode {
  const known = new Map(nodes.map((node) => [node.id, elkNode(node)]));
  const root: ElkNode = { id: ROOT, children: [], layoutOptions: { ...optionsFor(nodes), "elk.direction": direction } };
  for (const node of nodes) {
    const made = known.get(node.id) as ElkNode;
    const holder = (node.parent === undefined ? undefined : known.get(node.parent)) ?? root;
    holder.children ??= [];
    holder.children.push(made);
  }
  const arrows = new Map(edges.map(({ source, target }) => [routeKey(source, target), { source, target }]));
  root.edges = [...arrows]
    .filter(([, { source, target }]) => known.has(source) && known.has(target))
    .map(([key, { source, target }]) => ({ id: key, sources: [source], targets: [target] }));
  return root;
}

function optionsFor<Data>(nodes: GraphNode<Data>[]): Record<string, string> {
  const isNested = nodes.some(({ parent }) => parent !== undefined);
  const bySize = nodes.length > LARGE ? LARGE_OPTIONS : SMALL_OPTIONS;
  return { ...OPTIONS, ...bySize, ...(isNested ? NESTED_OPTIONS : {}) };
}

/** What the way from one node to another is known by. */
export function routeKey(source: string, target: string): string {
  return `\u0000${JSON.stringify([source, target])}`;
}

/** Reads the ways that the layout engine found for arrows, around what lies between; in the graph's coordinates. */
export function routesOf(graph: ElkNode): Map<string, Point[]> {
  const edges: ElkExtendedEdge[] = [];
  const visit = (node: ElkNode) => {
    edges.push(...(node.edges ?? []));
    node.children?.forEach(visit);
  };
  visit(graph);
  return new Map(edges.flatMap(({ id, sections }) => (id && sections?.[0] ? [[id, pointsOf(sections)] as const] : [])));
}

function pointsOf(sections: NonNullable<ElkExtendedEdge["sections"]>): Point[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
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
    ...SPACING,
    "elk.padding": `[top=${HEAD_HEIGHT + 12},left=16,bottom=16,right=16]`,
    "elk.nodeSize.constraints": "MINIMUM_SIZE",
    "elk.nodeSize.minimum": `(${size.width},${HEAD_HEIGHT + 24})`,
  };
  return { id: node.id, ...size, layoutOptions };
}
