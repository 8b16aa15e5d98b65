import { type Edge, MarkerType, type Node, Position } from "@xyflow/react";
import type { ReactNode } from "react";
import { routeKey } from "@/components/graph/layout";
import type { Box, Direction, GraphEdge, GraphNode, Point } from "@/components/graph/model";

/** Arrows lie over groups, whatever their depth, and under all else. */
const EDGE_LEVEL = 50;

/** What a drawn node knows of itself. */
export interface FlowData extends Record<string, unknown> {
  content: ReactNode;
  isGroup: boolean;
  direction: Direction;
}

export type FlowNode = Node<FlowData>;

interface Look<Data> {
  direction: Direction;
  selected: string | null;
  render: (node: GraphNode<Data>, isSelected: boolean) => ReactNode;
}

/** Writes placed nodes as React Flow draws them: groups before what lies in them. */
export function flowNodes<Data>(nodes: GraphNode<Data>[], boxes: Map<string, Box>, look: Look<Data>): FlowNode[] {
  const placed = nodes.filter(({ id }) => boxes.has(id));
  const parents = new Map(placed.map(({ id, parent }) => [id, parent]));
  const depth = (id: string | undefined): number =>
    id === undefined || !parents.has(id) ? 0 : 1 + depth(parents.get(id));
  const ordered = placed.map((node) => ({ node, depth: depth(node.parent) })).sort((a, b) => a.depth - b.depth);
  return ordered.map(({ node, depth }) => flowNode(node, boxes.get(node.id) as Box, depth, parents, look));
}

function flowNode<Data>(
  node: GraphNode<Data>,
  box: Box,
  depth: number,
  parents: Map<string, string | undefined>,
  { direction, selected, render }: Look<Data>,
): FlowNode {
  const isSelected = node.id === selected;
  const size = { width: box.width, height: box.height };
  return {
    id: node.id,
    type: "box",
    position: { x: box.x, y: box.y },
    ...(node.parent !== undefined && parents.has(node.parent) ? { parentId: node.parent } : {}),
    ...size,
    measured: size,
    handles: handlesOf(box, direction),
    selected: isSelected,
    ariaLabel: node.label,
    zIndex: node.isGroup ? depth : EDGE_LEVEL + 1,
    data: { content: render(node, isSelected), isGroup: node.isGroup ?? false, direction },
  };
}

function handlesOf({ width, height }: Box, direction: Direction): FlowNode["handles"] {
  const size = { width: 1, height: 1 };
  return direction === "RIGHT"
    ? [
        { type: "target", position: Position.Left, x: 0, y: height / 2, ...size },
        { type: "source", position: Position.Right, x: width, y: height / 2, ...size },
      ]
    : [
        { type: "target", position: Position.Top, x: width / 2, y: 0, ...size },
        { type: "source", position: Position.Bottom, x: width / 2, y: height, ...size },
      ];
}

const QUIET = "light-dark(#6b7280, #8b95a5)";

/** What a drawn arrow knows of itself: its way, once it has one. */
export interface RouteData extends Record<string, unknown> {
  points: Point[] | undefined;
}

export type FlowEdge = Edge<RouteData>;

/** Writes arrows between placed nodes. */
export function flowEdges(edges: GraphEdge[], boxes: Map<string, Box>, routes: Map<string, Point[]>): FlowEdge[] {
  return edges
    .filter(({ source, target }) => boxes.has(source) && boxes.has(target))
    .map(({ id, source, target, label, colour = QUIET, isDashed }) => ({
      id,
      source,
      target,
      label,
      type: "route",
      data: { points: routes.get(routeKey(source, target)) },
      zIndex: EDGE_LEVEL,
      style: { stroke: colour, strokeWidth: 1.5, ...(isDashed ? { strokeDasharray: "5 4" } : {}) },
      markerEnd: { type: MarkerType.ArrowClosed, color: colour, width: 16, height: 16 },
    }));
}
