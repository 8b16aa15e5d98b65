import type { Job, JobOutput } from "@/api/jobs";
import type { PipelinePort, PipelineStep } from "@/api/pipelines";

/** The inputs of a step: as its job got them; before it starts, as the pipeline writes them. */
export function inputsOf(step: PipelineStep, job: Job | undefined): PipelinePort[] {
  const given = job?.inputs;
  if (typeof given !== "object" || given === null) return step.inputs;
  const types = new Map(step.inputs.map(({ name, type }) => [name, type]));
  return Object.entries(given as Record<string, unknown>).map(([name, value]) => {
    if (typeof value !== "object" || value === null)
      return { name, type: types.get(name) ?? null, value: String(value) };
    const { type, path } = value as { type?: string; path?: string };
    return { name, type: type ?? types.get(name) ?? null, value: path ?? null };
  });
}

/** The outputs of a step: where they lie, once they are there. */
export function outputsOf(step: PipelineStep, outputs: JobOutput[] | undefined): PipelinePort[] {
  const named = (outputs ?? []).filter(({ name }) => name !== "artifacts");
  if (named.length === 0) return step.outputs;
  return named.map(({ name, type, uri }) => ({ name, type, value: uri }));
}
