import { useMutation, useQuery } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";

export interface Compute {
  name: string;
  type: string;
  size?: string;
  state?: string;
  provisioning_state: string;
  running_node_count?: number;
  max_instances?: number;
  min_instances?: number;
  description?: string;
  tags?: Record<string, string>;
  creation_context: { created_at: string; created_by: string };
}

export interface Node {
  node_id: string;
  node_state: string;
  current_job_name: string | null;
  since: number | null;
}

function address(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, "computes", ...rest].map(encodeURIComponent).join("/")}`;
}

async function read<T>(path: string): Promise<T> {
  return (await (await fetchRaw(path)).json()) as T;
}

/** All computes of a workspace. */
export function useComputes(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, "computes"),
    queryFn: async () => (await read<{ value: Compute[] }>(address(workspace))).value,
  });
}

/** One compute. */
export function useCompute(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "computes", name),
    queryFn: () => read<Compute>(address(workspace, name)),
  });
}

/** The nodes of a compute, and what runs on each. */
export function useNodes(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "computes", name, "nodes"),
    queryFn: async () => (await read<{ value: Node[] }>(address(workspace, name, "nodes"))).value,
  });
}

/** Starts or stops a compute instance; the live updates bring its new state. */
export function useTurnCompute(workspace: string, name: string) {
  return useMutation({
    mutationFn: (verb: "start" | "stop" | "restart") => fetchRaw(address(workspace, name, verb), { method: "POST" }),
  });
}
