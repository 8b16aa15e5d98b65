import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, send } from "@/api/native";

/** What an environment's document says. */
export interface EnvironmentDefinition {
  name?: string | null;
  version?: string | null;
  description?: string;
  image?: string;
  conda_file?: Record<string, unknown>;
  requirements?: string[];
  build?: { path: string; dockerfile_path?: string };
  tags?: Record<string, string>;
  [key: string]: unknown;
}

/** A version of an environment. */
export interface EnvironmentVersion extends EnvironmentDefinition {
  name: string;
  version: string;
  tags: Record<string, string>;
  archived?: boolean;
  creation_context: { created_at: string | null; created_by: string };
}

/** An environment: a name with all its versions. */
export interface Environment {
  name: string;
  description: string | null;
  tags: Record<string, string>;
  versions: number;
  archived: boolean;
  latest: EnvironmentVersion | null;
  creation_context: { created_at: string | null; created_by: string; last_modified_at: string | null };
}

/** What stands behind a definition on the server's machine. */
export interface EnvironmentBuild {
  state: "Ready" | "Unfinished" | "NotBuilt" | "Impossible";
  key: string | null;
  resolution: string;
  reason: string | null;
  python: string | null;
  lock: string | null;
  log: string | null;
  warnings: string[];
}

/** The environment of a job; without a name the job's document holds the definition itself. */
export interface JobEnvironment {
  name: string | null;
  version: string | null;
  curated: boolean;
  definition: EnvironmentDefinition;
  build: EnvironmentBuild;
}

/** A job that uses something. */
export interface JobUse {
  name: string;
  display_name: string;
  type: string;
  step: string | null;
  parent: string | null;
  experiment_name: string;
  status: string;
  created_at: string | null;
  started_at: string | null;
  ended_at: string | null;
}

interface Page<T> {
  value: T[];
  next: string | null;
}

export interface EnvironmentSearch {
  text: string;
  archived: "active" | "archived" | "all";
  order: string;
}

/** Environments of a workspace, found by a text, page by page. */
export function useEnvironments(workspace: string, search: EnvironmentSearch) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "environments", "names", search),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      send<Page<Environment>>("POST", nativeAddress(workspace, "environments", "search"), {
        ...search,
        token: pageParam,
      }),
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

/** The environments that come with Lapis. */
export function useCurated(workspace: string, isWanted = true) {
  return useQuery({
    queryKey: listKey(workspace, "environments", "curated"),
    queryFn: async () => (await read<Page<EnvironmentVersion>>(nativeAddress(workspace, "curated-environments"))).value,
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The versions of an environment, the newest first. */
export function useEnvironmentVersions(workspace: string, name: string) {
  return useInfiniteQuery({
    queryKey: itemKey(workspace, "environments", name, "versions"),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const token = pageParam === null ? "" : `&token=${encodeURIComponent(pageParam)}`;
      const address = nativeAddress(workspace, "environments", name, "versions");
      return read<Page<EnvironmentVersion>>(`${address}?archived=all${token}`);
    },
    getNextPageParam: (page) => page.next,
  });
}

/** One version. */
export function useEnvironmentVersion(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: itemKey(workspace, "environments", name, "version", version),
    queryFn: () => read<EnvironmentVersion>(nativeAddress(workspace, "environments", name, "versions", version)),
  });
}

/** What was built of a version; a job that ends may have built it. */
export function useEnvironmentBuild(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "build", name, version),
    queryFn: () => read<EnvironmentBuild>(nativeAddress(workspace, "environments", name, "versions", version, "build")),
  });
}

/** The jobs that use a version, newest first, page by page. */
export function useEnvironmentJobs(workspace: string, name: string, version: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "jobs", "environment", name, version),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const address = nativeAddress(workspace, "environments", name, "versions", version, "jobs");
      return read<Page<JobUse>>(pageParam === null ? address : `${address}?token=${pageParam}`);
    },
    getNextPageParam: (page) => page.next,
  });
}

/** The environment of a job; null for a job without one. */
export function useJobEnvironment(workspace: string, job: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", job, "environment"),
    queryFn: () => read<JobEnvironment | null>(nativeAddress(workspace, "jobs", job, "environment")),
  });
}
