/** One node of a graph; `data` is what its box shows, and may change without a new layout. */
export interface GraphNode<Data> {
  id: string;
  /** The group that it lies in. */
  parent?: string;
  /** Others may lie in it: it is as large as they need, with room for a head. */
  isGroup?: boolean;
  /** What the node is, in words, for those who hear the page. */
  label: string;
  /** In pixels; 220 when left out. */
  width?: number;
  /** In pixels; 64 when left out. */
  height?: number;
  data: Data;
}

/** An arrow from one node to another; groups count as nodes. */
export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  /** Drawn as a dashed line. */
  isDashed?: boolean;
}

/** Where arrows lead. */
export type Direction = "RIGHT" | "DOWN";

export interface Point {
  x: number;
  y: number;
}

/** Place (within its group) and size of a node. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const NODE_WIDTH = 220;
export const NODE_HEIGHT = 64;
export const HEAD_HEIGHT = 44;
