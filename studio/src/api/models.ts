import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import type { TagChanges } from "@/lib/tags";

interface Context {
  created_at: string | null;
  created_by: string;
  last_modified_at: string | null;
}

/** A version of a model: the keys of its document, and what is known around them. */
export interface ModelVersion {
  name: string;
  version: string;
  type: string;
  path: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  flavors?: Record<string, unknown>;
  job_name?: string;
  stage?: string;
  aliases?: string[];
  archived?: boolean;
  creation_context: Context;
  [key: string]: unknown;
}

/** A model: a name with all its versions. */
export interface Model {
  name: string;
  description: string | null;
  tags: Record<string, string>;
  /** Alias → version. */
  labels: Record<string, string>;
  /** Stage → the newest version in it. */
  stages: Record<string, string>;
  versions: number;
  archived: boolean;
  latest: ModelVersion | null;
  creation_context: Context;
}

/** One input, output or parameter of a model. */
export interface SignatureColumn {
  name: string | null;
  type: string;
  shape: number[] | null;
  required: boolean;
  default: unknown;
}

export interface Signature {
  inputs: SignatureColumn[];
  outputs: SignatureColumn[];
  params: SignatureColumn[];
}

/** The run that made a version. A metric that is no finite number comes as a text. */
export interface ModelRun {
  run_id: string;
  name: string;
  status: string;
  start_time: string | null;
  end_time: string | null;
  metrics: Record<string, number | string>;
  params: Record<string, string>;
}

/** A version with the run that made it. */
export interface MeasuredVersion {
  version: string;
  type: string;
  description: string;
  created_at: string | null;
  created_by: string;
  job_name: string | null;
  stage: string | null;
  aliases: string[];
  archived: boolean;
  run: ModelRun | null;
  signature: Signature | null;
}

/** A deployment of a version. */
export interface DeployedVersion {
  version: string;
  kind: "online" | "batch";
  endpoint: string;
  deployment: string;
  state: string | null;
  serving: boolean;
  traffic: number;
}

/** What the `MLmodel` file of a version says. */
export interface Mlmodel {
  flavors: Record<string, Record<string, unknown>>;
  facts: Record<string, unknown>;
  signature: Signature | null;
  example: unknown;
  request: unknown;
}

/** What a job left that can be registered as a model. */
export interface ModelCandidate {
  label: string;
  path: string;
  type: string;
}

interface Page<T> {
  value: T[];
  next: string | null;
}

export interface ModelSearch {
  text: string;
  archived: "active" | "archived" | "all";
  order: string;
}

/** The stages of MLflow's registry, in the order in which versions go through them. */
export const STAGES = ["Development", "Staging", "Production", "Archived"];

/** The address of a model, or of something below it, in the native API. */
export function modelAddress(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, "models", ...rest].map(encodeURIComponent).join("/")}`;
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await fetchRaw(path, init)).json()) as T;
}

function withBody(method: string, body: unknown): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** The models of a workspace that a text finds, page by page. */
export function useModels(workspace: string, search: ModelSearch) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "models", "search", search),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      read<Page<Model>>(modelAddress(workspace, "search"), withBody("POST", { ...search, token: pageParam })),
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

/** One model. */
export function useModel(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "models", name),
    queryFn: () => read<Model>(modelAddress(workspace, name)),
    enabled: name !== "",
  });
}

/** The versions of a model with the runs that made them, newest first, page by page. */
export function useMeasured(workspace: string, name: string, archived: "active" | "all") {
  return useInfiniteQuery({
    queryKey: itemKey(workspace, "models", name, "measured", archived),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const token = pageParam === null ? "" : `&token=${encodeURIComponent(pageParam)}`;
      return read<Page<MeasuredVersion>>(`${modelAddress(workspace, name, "measured")}?archived=${archived}${token}`);
    },
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

/** Some versions of a model, with runs and signatures. */
export function useCompared(workspace: string, name: string, versions: string[]) {
  return useQuery({
    queryKey: itemKey(workspace, "models", name, "compared", versions),
    queryFn: async () => {
      const query = versions.map((version) => `version=${encodeURIComponent(version)}`).join("&");
      return (await read<Page<MeasuredVersion>>(`${modelAddress(workspace, name, "compared")}?${query}`)).value;
    },
    enabled: versions.length > 0,
    placeholderData: (before) => before,
  });
}

/** Where the versions of a model are deployed; follows the endpoints. */
export function useDeployed(workspace: string, name: string) {
  return useQuery({
    queryKey: listKey(workspace, "online-endpoints", "model", name),
    queryFn: async () => (await read<Page<DeployedVersion>>(modelAddress(workspace, name, "deployed"))).value,
  });
}

/** One version. */
export function useModelVersion(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: itemKey(workspace, "models", name, "version", version),
    queryFn: () => read<ModelVersion>(modelAddress(workspace, name, "versions", version)),
    enabled: name !== "" && version !== "",
  });
}

/** What the `MLmodel` file of a version says; asked only of MLflow models. */
export function useMlmodel(workspace: string, name: string, version: string, isWanted = true) {
  return useQuery({
    queryKey: itemKey(workspace, "models", name, "mlmodel", version),
    queryFn: () => read<Mlmodel>(modelAddress(workspace, name, "versions", version, "mlmodel")),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What a job left that can be registered as a model. */
export function useCandidates(workspace: string, job: string) {
  const path = `/api/v1/workspaces/${encodeURIComponent(workspace)}/jobs/${encodeURIComponent(job)}/models`;
  return useQuery({
    queryKey: itemKey(workspace, "jobs", job, "models"),
    queryFn: async () => (await read<Page<ModelCandidate>>(path)).value,
    enabled: job !== "",
  });
}

/** Forgets what is known of models, so that the page shows what was just done without waiting for news. */
function useForget(workspace: string): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [workspace, "models"] });
}

/** Registers a version. */
export function useRegister(workspace: string) {
  const forget = useForget(workspace);
  return useMutation({
    mutationFn: (document: Record<string, unknown>) =>
      read<ModelVersion>(modelAddress(workspace), withBody("POST", document)),
    onSuccess: forget,
  });
}

/** Ways to change a model and its versions; every one throws an ApiError when the server refuses. */
export interface ModelChanges {
  describe: (description: string) => Promise<unknown>;
  /** Changes tags of the model, or of one version. */
  setTags: (changes: TagChanges, version?: string) => Promise<unknown>;
  /** Archives or restores the model, or one version. */
  archive: (isArchived: boolean, version?: string) => Promise<unknown>;
  /** Deletes the model with all its versions, or one version; see `useLeaving`. */
  remove: (version?: string) => Promise<unknown>;
  /** Changes description or stage of a version. */
  changeVersion: (version: string, changes: Record<string, unknown>) => Promise<unknown>;
  /** Points aliases of `before` and `after` so that a version has those of `after`. */
  setAliases: (version: string, before: string[], after: string[]) => Promise<unknown>;
}

/** Gives the ways to change a model. */
export function useModelChanges(workspace: string, name: string): ModelChanges {
  const client = useQueryClient();
  const forget = useForget(workspace);
  const call = async (path: string, init: RequestInit) => {
    await fetchRaw(path, init);
    await forget();
  };
  const address = (...rest: string[]) => modelAddress(workspace, name, ...rest);
  const of = (version?: string) => (version === undefined ? [] : ["versions", version]);
  return {
    describe: (description) => call(address(), withBody("PATCH", { description })),
    setTags: (changes, version) =>
      version === undefined
        ? call(address(), withBody("PATCH", { tags: changes }))
        : call(address(...of(version), "tags"), withBody("PATCH", changes)),
    archive: (isArchived, version) =>
      call(address(...of(version), isArchived ? "archive" : "restore"), { method: "POST" }),
    remove: async (version) => {
      await fetchRaw(address(...of(version)), { method: "DELETE" });
      void client.invalidateQueries({ queryKey: listKey(workspace, "models") });
    },
    changeVersion: (version, changes) => call(address(...of(version)), withBody("PATCH", changes)),
    setAliases: async (version, before, after) => {
      const gone = before.filter((alias) => !after.includes(alias));
      const added = after.filter((alias) => !before.includes(alias));
      await Promise.all([
        ...gone.map((alias) => fetchRaw(address("labels", alias), { method: "DELETE" })),
        ...added.map((alias) => fetchRaw(address("labels", alias), withBody("PUT", { version }))),
      ]);
      await forget();
    },
  };
}

/** The number of a metric as the server writes it: NaN and the infinities are texts there. */
export function metricOf(value: number | string | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** The metrics that a run's code logged, without those that the machine was measured by. */
export function ownMetrics(run: ModelRun | null): [string, number | string][] {
  return Object.entries(run?.metrics ?? {}).filter(([key]) => !key.startsWith("system/"));
}
