import { expect, it } from "vitest";
import { causeOf, countStates, drawPipeline, placedSteps } from "@/pages/jobs/graph/model";
import { graph, step } from "@/pages/jobs/graph/samples";

const edge = (source: string, output: string, target: string, input: string) => ({ source, output, target, input });
const describe = ({ path }: { path: string }) => path;

it("draws open pipelines in place, one arrow a pair, dashed where nothing is taken", () => {
  const inner = graph([step("a"), step("b")], { edges: [edge("a", "x", "b", "x"), edge("", "data", "a", "data")] });
  const outer = graph([step("first"), step("nested", { type: "pipeline" }), step("shut", { type: "pipeline" })], {
    edges: [edge("first", "x", "nested", "x"), edge("first", "y", "nested", "y"), edge("nested", "", "shut", "")],
    inputs: [{ name: "data", type: "uri_file", value: "azureml:d:1" }],
  });
  const drawn = drawPipeline(outer, new Map([["p--nested", inner]]), describe);
  expect(drawn.nodes.map(({ id, parent, isGroup }) => [id, parent, isGroup ?? false])).toEqual([
    ["first", undefined, false],
    ["nested", undefined, true],
    ["nested/a", "nested", false],
    ["nested/b", "nested", false],
    ["shut", undefined, false],
    ["input:data", undefined, false],
  ]);
  expect(drawn.edges.map(({ id, isDashed }) => [id, isDashed])).toEqual([
    ["first>nested", false],
    ["nested>shut", true],
    ["nested/a>nested/b", false],
  ]);
  expect(placedSteps(outer, new Map([["p--nested", undefined]]))).toHaveLength(3);
});

it("leads to the step that failed first, through nested pipelines, and stops at a sweep", () => {
  const cause = (name: string, type: string) => ({ step: name, job: `job-${name}`, type, reason: "" });
  expect(causeOf(graph([], { cause: [cause("a", "pipeline"), cause("b", "command")] }))).toEqual({
    open: ["job-a"],
    path: "a/b",
  });
  expect(causeOf(graph([], { cause: [cause("s", "sweep"), cause("3", "command")] }))).toEqual({ open: [], path: "s" });
  expect(causeOf(graph([]))).toBeNull();
});

it("counts reused steps apart from those that ran", () => {
  const steps = [step("a"), step("b", { reused_from: "other" }), step("c", { status: "Failed" })];
  expect(countStates(steps)).toEqual([
    ["Completed", 1],
    ["Reused", 1],
    ["Failed", 1],
  ]);
});
