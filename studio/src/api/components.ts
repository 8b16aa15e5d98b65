import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import type { PipelineGraph } from "@/api/pipelines";
import type { components } from "@/api/schema";

/** A name with what a list shows of all its versions. */
export type ComponentName = components["schemas"]["NameBody"];
/** A pipeline or sweep that names a component. */
export type ComponentUser = components["schemas"]["ComponentUser"];

/** An input or output as a component declares it. */
export interface Declared {
  type?: string;
  description?: string;
  default?: unknown;
  optional?: boolean;
  enum?: unknown[];
  min?: unknown;
  max?: unknown;
}

/** A version of a component: the keys of its document, and what is known around them. */
export type ComponentVersion = components["schemas"]["AssetBody"] & {
  display_name?: string;
  command?: string;
  code?: string;
  environment?: unknown;
  inputs?: Record<string, Declared>;
  outputs?: Record<string, Declared>;
  is_deterministic?: boolean;
};

interface Page<T> {
  value: T[];
  next: string | null;
}

function address(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, "components", ...rest].map(encodeURIComponent).join("/")}`;
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await fetchRaw(path, init)).json()) as T;
}

/** Names of components that hold a text, page after page. */
export function useComponents(workspace: string, text: string, order: string, archived: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "components", text, order, archived),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      read<Page<ComponentName>>(address(workspace, "search"), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text, order, archived, limit: 100, ...(pageParam ? { token: pageParam } : {}) }),
      }),
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

/** All versions of a component, newest first. */
export function useComponentVersions(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "components", name, "versions"),
    queryFn: async () =>
      (await read<Page<ComponentVersion>>(`${address(workspace, name, "versions")}?archived=all&limit=1000`)).value,
  });
}

/** The pipelines and sweeps that name a version, newest first. */
export function useComponentUsers(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "users of", name, version),
    queryFn: async () => (await read<Page<ComponentUser>>(address(workspace, name, "versions", version, "jobs"))).value,
  });
}

/** The graph of a pipeline component. */
export function useComponentGraph(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: itemKey(workspace, "components", name, version, "graph"),
    queryFn: () => read<PipelineGraph>(address(workspace, name, "versions", version, "graph")),
  });
}

/** Archives or restores a version. */
export function turnComponent(workspace: string, name: string, version: string, verb: "archive" | "restore") {
  return fetchRaw(address(workspace, name, "versions", version, verb), { method: "POST" });
}
