import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, send } from "@/api/native";
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

/** Which names of components a list shows, and in which order. */
export interface ComponentSearch {
  text: string;
  order: string;
  archived: "active" | "archived" | "all";
  limit: number;
}

/** Names of components that hold a text, page after page. */
export function useComponents(workspace: string, search: ComponentSearch) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "components", search),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      send<Page<ComponentName>>("POST", nativeAddress(workspace, "components", "search"), {
        ...search,
        ...(pageParam ? { token: pageParam } : {}),
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
      (
        await read<Page<ComponentVersion>>(
          `${nativeAddress(workspace, "components", name, "versions")}?archived=all&limit=1000`,
        )
      ).value,
  });
}

/** The pipelines and sweeps that name a version, newest first. */
export function useComponentUsers(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "users of", name, version),
    queryFn: async () =>
      (await read<Page<ComponentUser>>(nativeAddress(workspace, "components", name, "versions", version, "jobs")))
        .value,
  });
}

/** The graph of a pipeline component. */
export function useComponentGraph(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: itemKey(workspace, "components", name, version, "graph"),
    queryFn: () => read<PipelineGraph>(nativeAddress(workspace, "components", name, "versions", version, "graph")),
  });
}
