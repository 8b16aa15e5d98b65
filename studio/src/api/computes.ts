import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, remove, send } from "@/api/native";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** A compute as its queue is: nodes, those in use, jobs in line. */
export type ComputeLine = Schemas["ComputeLine"];
export type ComputeUse = Schemas["Use"];

export interface Compute {
  name: string;
  type: string;
  size?: string;
  state?: string;
  provisioning_state: string;
  running_node_count?: number;
  max_instances?: number;
  min_instances?: number;
  idle_time_before_scale_down?: number;
  description?: string;
  tags?: Record<string, string>;
  creation_context: { created_at: string | null; created_by: string };
  is_attached?: boolean;
  state_sentence?: string;
  /** What runs there: `{"Ray": "2.40.0"}`. */
  engine?: Record<string, string>;
  nodes?: Machine[];
}

/** A machine of an attached compute, as it is now. */
export type Machine = Schemas["NodeBody"];

export interface Node {
  node_id: string;
  node_state: string;
  current_job_name: string | null;
  since: number | null;
}

/** What is asked for a new compute. */
export interface NewCompute {
  name: string;
  type: "amlcompute" | "computeinstance" | "virtualmachine" | "slurm" | "ray";
  min_instances?: number;
  max_instances?: number;
  idle_time_before_scale_down?: number;
  description?: string;
  /** The other keys of an attached compute's document. */
  [key: string]: unknown;
}

/** What of a compute can change. */
export type ComputeChanges = {
  min_instances?: number;
  max_instances?: number;
  idle_time_before_scale_down?: number;
  description?: string | null;
  tags?: Record<string, string>;
};

/** The two that are always there and have no document. */
export const BUILT_IN = ["serverless", "local"];

function address(workspace: string, ...rest: string[]): string {
  return nativeAddress(workspace, "computes", ...rest);
}

/** All computes of a workspace that have a document. */
export function useComputes(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, "computes"),
    queryFn: async () => (await read<{ value: Compute[] }>(address(workspace))).value,
  });
}

/** What every compute holds and who waits for it. It changes with jobs, so jobs bring it anew. */
export function useComputeLines(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "compute-lines"),
    queryFn: async () => (await read<{ value: ComputeLine[] }>(nativeAddress(workspace, "compute-lines"))).value,
  });
}

/** One compute. */
export function useCompute(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "computes", name),
    queryFn: () => read<Compute>(address(workspace, name)),
    enabled: !BUILT_IN.includes(name),
    refetchInterval: (query) => (query.state.data?.is_attached ? 10_000 : false), // loads change without a message
  });
}

/** The nodes of a compute, and what runs on each. */
export function useNodes(workspace: string, name: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "nodes", name),
    queryFn: async () => (await read<{ value: Node[] }>(address(workspace, name, "nodes"))).value,
  });
}

/** Who waits for a compute, first in line first. */
export function useQueue(workspace: string, name: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "queue", name),
    queryFn: () => read<Schemas["JobGlance"]>(`${address(workspace, name, "queue")}?limit=100`),
  });
}

/** Nodes in use and jobs in line over the last hours. */
export function useComputeUse(workspace: string, name: string, hours: number) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "use", name, hours),
    queryFn: () => read<ComputeUse>(`${address(workspace, name, "use")}?hours=${hours}&points=120`),
    refetchInterval: 30_000,
  });
}

/** Starts or stops a compute instance; the live updates bring its new state. */
export function useTurnCompute(workspace: string, name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (verb: "start" | "stop" | "restart") => read(address(workspace, name, verb), { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace, "computes"] }),
  });
}

/** Makes a compute. */
export function useCreateCompute(workspace: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (made: NewCompute) => send<Compute>("PUT", address(workspace, made.name), made),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace] }),
  });
}

/** Changes the size, the description or the tags of a compute. */
export function useChangeCompute(workspace: string, name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: ComputeChanges) => send<Compute>("PATCH", address(workspace, name), changes),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace] }),
  });
}

/** Deletes a compute that no job holds, or detaches one: its machines stay as they are. */
export async function deleteCompute(workspace: string, name: string): Promise<void> {
  await remove(address(workspace, name));
}
