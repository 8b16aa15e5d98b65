import { expect, it } from "vitest";
import type { Lineage, LineageNode } from "@/api/lineage";
import { lineageGraph, pageOf } from "@/components/lineage/nodes";

const node = (given: Partial<LineageNode>): LineageNode => ({
  id: "x",
  kind: "job",
  name: "x",
  version: "",
  label: "x",
  type: "command",
  status: "",
  at: null,
  parent: null,
  holder: null,
  ...given,
});

it("puts steps into their pipeline", () => {
  const pipeline = node({ id: "job:p", name: "p", type: "pipeline" });
  const step = node({ id: "job:s", name: "s", parent: "p", holder: "job:p" });
  const lineage: Lineage = { start: ["job:p"], nodes: [pipeline, step], edges: [], is_cut: false };
  const { boxes } = lineageGraph(lineage, ({ kind }) => kind);
  expect(boxes.map(({ id, parent, isGroup }) => [id, parent, isGroup])).toEqual([
    ["job:p", undefined, true],
    ["job:s", "job:p", false],
  ]);
});

it.each([
  [node({ kind: "run", name: "a b" }), "/ws/jobs/a%20b"],
  [node({ kind: "model", name: "m", version: "3" }), "/ws/models/m/3"],
  [node({ kind: "online", name: "e", version: "blue" }), "/ws/online-endpoints/e"],
  [node({ kind: "uri", name: "javascript:alert(1)" }), null],
])("leads to the page of %o", (given, to) => expect(pageOf("ws", given)).toBe(to));
