import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey } from "@/api/keys";

/** The latest point of a metric. NaN and the infinities are numbers here. */
export interface LatestMetric {
  key: string;
  value: number;
  step: number;
  timestamp: number;
}

/** A dataset that a run used. */
export interface RunDataset {
  name: string;
  digest: string;
  source: string;
  context: string;
}

/** One run with what it logged. Times are milliseconds since 1970. */
export interface Run {
  id: string;
  name: string;
  experimentId: string;
  user: string;
  status: string;
  start: number | null;
  end: number | null;
  isArchived: boolean;
  metrics: LatestMetric[];
  params: [string, string][];
  tags: Record<string, string>;
  datasets: RunDataset[];
  /** Models that the run logged. */
  modelIds: string[];
}

interface Pair {
  key: string;
  value?: string;
}

interface Wire {
  info: {
    run_id: string;
    run_name: string;
    experiment_id: string;
    user_id: string;
    status: string;
    start_time?: number;
    end_time?: number;
    lifecycle_stage: string;
  };
  data?: {
    metrics?: { key: string; value?: number | string; step?: number; timestamp?: number }[];
    params?: Pair[];
    tags?: Pair[];
  };
  inputs?: { dataset_inputs?: { tags?: Pair[]; dataset: { name: string; digest: string; source: string } }[] };
  outputs?: { model_outputs?: { model_id: string }[] };
}

/** The tag under which MLflow keeps a run's description. */
export const NOTE_TAG = "mlflow.note.content";

const CONTEXT_TAG = "mlflow.data.context";

function call(workspace: string, what: string): string {
  return `/mlflow/${encodeURIComponent(workspace)}/api/2.0/mlflow/${what}`;
}

/** Reads a run as the server writes it. */
export function readRun(wire: Wire): Run {
  const { info, data = {} } = wire;
  return {
    id: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    user: info.user_id,
    status: info.status,
    start: info.start_time ?? null,
    end: info.end_time ?? null,
    isArchived: info.lifecycle_stage === "deleted",
    metrics: (data.metrics ?? []).map(({ key, value, step, timestamp }) => ({
      key,
      value: Number(value ?? 0),
      step: step ?? 0,
      timestamp: timestamp ?? 0,
    })),
    params: (data.params ?? []).map(({ key, value }) => [key, value ?? ""]),
    tags: Object.fromEntries((data.tags ?? []).map(({ key, value }) => [key, value ?? ""])),
    datasets: (wire.inputs?.dataset_inputs ?? []).map(({ dataset, tags = [] }) => ({
      ...dataset,
      context: tags.find(({ key }) => key === CONTEXT_TAG)?.value ?? "",
    })),
    modelIds: (wire.outputs?.model_outputs ?? []).map(({ model_id }) => model_id),
  };
}

/** One run; a run has the name of its job as its id. */
export function useRun(workspace: string, id: string) {
  return useQuery({
    queryKey: itemKey(workspace, "runs", id),
    queryFn: async () => {
      const answer = await fetchRaw(`${call(workspace, "runs/get")}?run_id=${encodeURIComponent(id)}`);
      return readRun(((await answer.json()) as { run: Wire }).run);
    },
  });
}

/** The name of an experiment. */
export function useExperimentName(workspace: string, id: string | undefined) {
  return useQuery({
    queryKey: itemKey(workspace, "experiments", id ?? "", "name"),
    enabled: id !== undefined,
    queryFn: async () => {
      const answer = await fetchRaw(
        `${call(workspace, "experiments/get")}?experiment_id=${encodeURIComponent(id ?? "")}`,
      );
      return ((await answer.json()) as { experiment: { name: string } }).experiment.name;
    },
  });
}

/** What can be done to a run: each is a call of MLflow's. */
export type RunChange =
  | { what: "update"; run_name: string }
  | { what: "set-tag"; key: string; value: string }
  | { what: "delete-tag"; key: string }
  | { what: "delete" }
  | { what: "restore" };

/** Changes a run that belongs to no job. */
export function useChangeRun(workspace: string, id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (changes: RunChange[]) => {
      for (const { what, ...given } of changes) {
        await fetchRaw(call(workspace, `runs/${what}`), {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ run_id: id, ...given }),
        });
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: itemKey(workspace, "runs", id) }),
  });
}
