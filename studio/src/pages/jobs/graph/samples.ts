import type { PipelineGraph, PipelineStep } from "@/api/pipelines";

/** A step for tests: one that has completed. */
export function step(name: string, more: Partial<PipelineStep> = {}): PipelineStep {
  return {
    name,
    type: "command",
    display_name: name,
    component: null,
    needs: [],
    inputs: [],
    outputs: [],
    job: `p--${name}`,
    tries: 1,
    status: "Completed",
    status_code: "",
    reason: "",
    compute: "local",
    reused_from: null,
    created_at: null,
    started_at: null,
    ended_at: null,
    ...more,
  };
}

/** A pipeline for tests. */
export function graph(steps: PipelineStep[], more: Partial<PipelineGraph> = {}): PipelineGraph {
  return { name: "p", status: "Failed", reason: "", steps, edges: [], inputs: [], outputs: [], cause: [], ...more };
}
