import ELK from "elkjs/lib/elk.bundled.js";
import { expect, it } from "vitest";
import { flowNodes } from "@/components/graph/flow";
import { boxesOf, layoutKey, routeKey, routesOf, toElk } from "@/components/graph/layout";
import type { GraphEdge, GraphNode } from "@/components/graph/model";
import { pathsOf } from "@/components/graph/route";

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
  const look = { selected: "lone", render: () => null };
  const drawn = flowNodes(NODES, boxes, look);
  expect(drawn.map(({ id }) => id)).toEqual(["group", "first", "lone", "inner"]);
  expect(drawn.map(({ parentId }) => parentId)).toEqual([undefined, undefined, undefined, "group"]);
  expect(drawn.filter(({ selected }) => selected).map(({ id }) => id)).toEqual(["lone"]);
  const routes = new Map([
    [
      routeKey("first", "inner"),
      [
        { x: 0, y: 0 },
        { x: 20, y: 0 },
      ],
    ],
  ]);
  const heads = "M 20 0 L 12 -5 L 12 5 Z";
  expect(pathsOf(EDGES, routes)).toEqual({ plain: "M 0 0 L 20 0", dashed: "", heads });
  const waiting = EDGES.map((one) => ({ ...one, isDashed: true }));
  expect(pathsOf(waiting, routes)).toEqual({ plain: "", dashed: "M 0 0 L 20 0", heads });
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

it("lays a large graph out without what only small or nested ones need", { timeout: 60_000 }, async () => {
  const steps = Array.from({ length: 300 }, (_, index) => node(`s${index}`));
  const edges = steps.slice(1, -1).flatMap(({ id }) => [edge("s0", id), edge(id, "s299")]);
  const large = toElk(steps, edges, "RIGHT");
  const [hierarchy, order] = ["elk.hierarchyHandling", "elk.layered.considerModelOrder.strategy"];
  expect(Object.keys(large.layoutOptions ?? {})).not.toContain(hierarchy);
  expect(Object.keys(large.layoutOptions ?? {})).not.toContain(order);
  expect(Object.keys(toElk(NODES, EDGES, "RIGHT").layoutOptions ?? {})).toEqual(
    expect.arrayContaining([hierarchy, order]),
  );
  const graph = await new ELK().layout(large);
  expect([boxesOf(graph).size, routesOf(graph).size]).toEqual([300, edges.length]);
});
