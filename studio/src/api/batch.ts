import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { send } from "@/api/endpoints";
import type { Job } from "@/api/jobs";
import { itemKey, listKey } from "@/api/keys";
import type { components } from "@/api/schema";

/** A batch endpoint: the keys of its document, and what is known around them. */
export type BatchEndpoint = components["schemas"]["BatchEndpointBody"];

export type BatchDeployment = components["schemas"]["BatchDeploymentBody"];

/** What an invocation of a batch endpoint asks for. */
export interface Invocation {
  deployment_name?: string;
  experiment_name?: string;
  inputs: Record<string, unknown>;
  [key: string]: unknown;
}

const NOUN = "batch-endpoints";

function address(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, NOUN, ...rest].map(encodeURIComponent).join("/")}`;
}

async function values<T>(path: string): Promise<T[]> {
  const body = (await (await fetchRaw(path)).json()) as { value: T[] };
  return body.value;
}

/** The batch endpoints of a workspace. */
export function useBatchEndpoints(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, NOUN),
    queryFn: () => values<BatchEndpoint>(`${address(workspace)}?limit=1000`),
  });
}

/** One batch endpoint. */
export function useBatchEndpoint(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, NOUN, name),
    queryFn: async () => (await (await fetchRaw(address(workspace, name))).json()) as BatchEndpoint,
  });
}

/** The deployments of a batch endpoint. */
export function useBatchDeployments(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, NOUN, name, "deployments"),
    queryFn: () => values<BatchDeployment>(`${address(workspace, name, "deployments")}?limit=1000`),
  });
}

/** The last jobs of a batch endpoint; they move as jobs do, so news of jobs renews them. */
export function useBatchJobs(workspace: string, name: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "of-batch-endpoint", name),
    queryFn: () => values<Job>(`${address(workspace, name, "jobs")}?limit=200`),
  });
}

function useForget(workspace: string): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [workspace, NOUN] });
}

/** Starts a job of a batch endpoint. */
export function useInvoke(workspace: string, name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (asked: Invocation) => send<Job>("POST", address(workspace, name, "invoke"), asked),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace, "jobs"] }),
  });
}

/** Writes a batch endpoint's document, or that of one of its deployments. */
export function usePutBatch(workspace: string) {
  const forget = useForget(workspace);
  return useMutation({
    mutationFn: ({ words, document }: { words: string[]; document: Record<string, unknown> }) =>
      send<unknown>("PUT", address(workspace, ...words), document),
    onSuccess: forget,
  });
}

/** Deletes a batch endpoint, or one of its deployments. */
export function useRemoveBatch(workspace: string, ...words: string[]): () => Promise<void> {
  const forget = useForget(workspace);
  return async () => {
    await fetchRaw(address(workspace, ...words), { method: "DELETE" });
    await forget();
  };
}
