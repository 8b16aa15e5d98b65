import type { Node } from "@xyflow/react";
import type { ReactNode } from "react";
import type { Box, GraphNode } from "@/components/graph/model";

/** Arrows lie over groups, whatever their depth, and under all else. */
export const EDGE_LEVEL = 50;

/** What a drawn node knows of itself. */
export interface FlowData extends Record<string, unknown> {
  content: ReactNode;
  isGroup: boolean;
  /** Its colour where it is too small for words, one of the theme's. */
  tint: string | undefined;
}

export type FlowNode = Node<FlowData>;

interface Look<Data> {
  selected: string | null;
  render: (node: GraphNode<Data>, isSelected: boolean) => ReactNode;
  tint?: (node: GraphNode<Data>) => string | undefined;
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
  { selected, render, tint }: Look<Data>,
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
    handles: [],
    selected: isSelected,
    ariaLabel: node.label,
    zIndex: node.isGroup ? depth : EDGE_LEVEL + 1,
    data: { content: render(node, isSelected), isGroup: node.isGroup ?? false, tint: tint?.(node) },
  };
}
