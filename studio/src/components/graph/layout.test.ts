import ELK from "elkjs/lib/elk.bundled.js";
import { expect, it } from "vitest";
import { flowEdges, flowNodes } from "@/components/graph/flow";
import { boxesOf, layoutKey, routeKey, routesOf, toElk } from "@/components/graph/layout";
import type { GraphEdge, GraphNode } from "@/components/graph/model";

const node = (id: string, more: Partial<GraphNode<string>> = {}): GraphNode<string> => ({
  id,
  label: id,
  data: id,
  ...more,
});
const edge = (source: string, target: string): GraphEdge => ({ id: `${source}>${target}`, source, target });

const NODES = [node("inner", { parent: "group" }), node("group", { isGroup: true }), node("first"), node("lone")];
const EDGES = [edge("first", "inner"), edge("inner", "gone")];

it("puts what follows to the right, and what belongs to a group inside it", async () => {
  const boxes = boxesOf(await new ELK().layout(toElk(NODES, EDGES, "RIGHT")));
  expect([...boxes.keys()].sort()).toEqual(["first", "group", "inner", "lone"]);
  const [first, group, inner] = ["first", "group", "inner"].map((id) => boxes.get(id));
  if (!first || !group || !inner) throw new Error("not placed");
  expect(group.x).toBeGreaterThanOrEqual(first.x + first.width);
  expect(inner.y).toBeGreaterThanOrEqual(44);
  expect(inner.x + inner.width).toBeLessThanOrEqual(group.width);
  expect(inner.y + inner.height).toBeLessThanOrEqual(group.height);
});

it("draws groups before what lies in them, and no arrow that leads nowhere", () => {
  const box = { x: 0, y: 0, width: 10, height: 10 };
  const boxes = new Map(NODES.map(({ id }) => [id, box]));
  const look = { direction: "RIGHT" as const, selected: "lone", render: () => null };
  const drawn = flowNodes(NODES, boxes, look);
  expect(drawn.map(({ id }) => id)).toEqual(["group", "first", "lone", "inner"]);
  expect(drawn.map(({ parentId }) => parentId)).toEqual([undefined, undefined, undefined, "group"]);
  expect(drawn.filter(({ selected }) => selected).map(({ id }) => id)).toEqual(["lone"]);
  expect(flowEdges(EDGES, boxes, new Map()).map(({ id }) => id)).toEqual(["first>inner"]);
});

it("needs a new layout for structure, not for what nodes show", () => {
  const key = layoutKey(NODES, EDGES, "RIGHT");
  expect(
    layoutKey(
      NODES.map((one) => ({ ...one, data: "other" })),
      EDGES,
      "RIGHT",
    ),
  ).toBe(key);
  expect(layoutKey(NODES.slice(1), EDGES, "RIGHT")).not.toBe(key);
  expect(layoutKey(NODES, EDGES, "DOWN")).not.toBe(key);
});

it("leads arrows around what lies between", async () => {
  const nodes = ["a", "b", "c"].map((id) => node(id, { height: 60 }));
  const graph = await new ELK().layout(toElk(nodes, [edge("a", "b"), edge("b", "c"), edge("a", "c")], "RIGHT"));
  const [boxes, routes] = [boxesOf(graph), routesOf(graph)];
  const between = boxes.get("b");
  const way = routes.get(routeKey("a", "c"));
  if (!between || !way) throw new Error("not placed");
  const beside = way.filter(({ x }) => x > between.x && x < between.x + between.width);
  expect(beside.every(({ y }) => y < between.y || y > between.y + between.height)).toBe(true);
  expect(way.some(({ y }) => y < between.y || y > between.y + between.height)).toBe(true);
});
