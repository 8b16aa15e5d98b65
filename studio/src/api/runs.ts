import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, fetchRaw, unwrap } from "@/api/client";
import { listKey } from "@/api/keys";
import type { components } from "@/api/schema";

export type RunRow = components["schemas"]["RunRow"];
export type RunFilter = components["schemas"]["RunFilter"];
export type RunKeys = components["schemas"]["RunKeys"];
export type RunColumns = components["schemas"]["RunColumns"];
export type ExperimentBody = components["schemas"]["ExperimentBody"];
export type CurveBody = components["schemas"]["CurveBody"];
export type ViewBody = components["schemas"]["ViewBody"];
export type Axis = components["schemas"]["Axis"];

/** Rows of one page of the table. */
const PAGE = 100;

/** A number as the server writes it: NaN and the infinities come as words. */
export function toNumber(value: number | string): number {
  return typeof value === "number" ? value : Number(value);
}

/** Changes whenever a run of the workspace has changed: costs no request. */
function useBeat(workspace: string): number {
  const beat = useQuery({ queryKey: listKey(workspace, "runs", "beat"), queryFn: async () => performance.now() });
  return beat.data ?? 0;
}

/** Looks again after changes, but leaves the server ten times as long in peace as it took to answer. */
function useFollowing(beat: number, refetch: () => Promise<unknown>): void {
  const state = useRef({ timer: 0, isBusy: false, pause: 1_000, seen: 0, latest: 0, refetch });
  useEffect(() => {
    const now = state.current;
    now.refetch = refetch;
    now.latest = beat;
    if (now.seen === 0) now.seen = beat;
    const look = () => {
      if (now.isBusy || now.latest === now.seen) return;
      now.isBusy = true;
      now.timer = window.setTimeout(async () => {
        now.seen = now.latest;
        const begin = performance.now();
        await now.refetch();
        now.pause = Math.max(1_000, 10 * (performance.now() - begin));
        now.isBusy = false;
        look();
      }, now.pause);
    };
    look();
  }, [beat, refetch]);
  useEffect(() => () => window.clearTimeout(state.current.timer), []);
}

/** The table of runs, page by page; rows of the last search stay until the next ones are there. */
export function useRunTable(
  workspace: string,
  filter: RunFilter,
  orderBy: string[],
  columns: RunColumns,
  isReady: boolean,
) {
  const table = useInfiniteQuery({
    queryKey: [workspace, "run-table", filter, orderBy, columns],
    enabled: isReady,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.POST("/api/v1/workspaces/{ws}/runs/search", {
          params: { path: { ws: workspace } },
          body: { ...filter, order_by: orderBy, columns, limit: PAGE, token: pageParam },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  useFollowing(useBeat(workspace), table.refetch);
  return table;
}

/** How many runs a filter finds. */
export function useRunCount(workspace: string, filter: RunFilter, isReady: boolean) {
  const count = useQuery({
    queryKey: [workspace, "run-count", filter],
    enabled: isReady,
    queryFn: ({ signal }) =>
      unwrap(
        api.POST("/api/v1/workspaces/{ws}/runs/count", { params: { path: { ws: workspace } }, body: filter, signal }),
      ),
    placeholderData: keepPreviousData,
  });
  useFollowing(useBeat(workspace), count.refetch);
  return count;
}

/** The keys that the latest runs logged: what columns there can be. */
export function useRunKeys(workspace: string, experiment?: string) {
  return useQuery({
    queryKey: [workspace, "run-keys", experiment ?? ""],
    queryFn: () =>
      unwrap(
        api.GET("/api/v1/workspaces/{ws}/runs/columns", {
          params: { path: { ws: workspace }, query: experiment ? { experiment } : {} },
        }),
      ),
  });
}

/** All experiments, with how many runs are in which state. */
export function useExperiments(workspace: string) {
  const experiments = useQuery({
    queryKey: listKey(workspace, "experiments"),
    queryFn: async () =>
      (await unwrap(api.GET("/api/v1/workspaces/{ws}/experiments", { params: { path: { ws: workspace } } }))).value,
  });
  useFollowing(useBeat(workspace), experiments.refetch);
  return experiments;
}

/** Runs with all that they logged, in the order asked for. */
export function useComparison(workspace: string, runs: string[]) {
  const compared = useQuery({
    queryKey: [workspace, "run-comparison", runs],
    enabled: runs.length > 0,
    queryFn: async () =>
      (
        await unwrap(
          api.POST("/api/v1/workspaces/{ws}/runs/compare", { params: { path: { ws: workspace } }, body: { runs } }),
        )
      ).value,
    placeholderData: keepPreviousData,
  });
  useFollowing(useBeat(workspace), compared.refetch);
  return compared;
}

export interface CurveSearch {
  runs: string[];
  keys: string[];
  x: Axis;
  points: number;
  start?: number;
  end?: number;
}

/** Curves, thinned by the server so that every peak stays. */
export function useCurves(workspace: string, search: CurveSearch, isReady = true) {
  const curves = useQuery({
    queryKey: [workspace, "run-curves", search],
    enabled: isReady && search.runs.length > 0,
    queryFn: async ({ signal }) =>
      (
        await unwrap(
          api.POST("/api/v1/workspaces/{ws}/runs/curves", {
            params: { path: { ws: workspace } },
            body: search,
            signal,
          }),
        )
      ).value,
    placeholderData: keepPreviousData,
  });
  useFollowing(useBeat(workspace), curves.refetch);
  return curves;
}

/** The views that the person keeps in this workspace. */
export function useViews(workspace: string) {
  return useQuery({
    queryKey: [workspace, "run-views"],
    queryFn: async () =>
      (await unwrap(api.GET("/api/v1/workspaces/{ws}/run-views", { params: { path: { ws: workspace } } }))).value,
  });
}

/** Keeps a view, or forgets it when `search` is null. */
export function useKeepView(workspace: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, search }: { name: string; search: string | null }) => {
      const params = { path: { ws: workspace, name } };
      const path = "/api/v1/workspaces/{ws}/run-views/{name}";
      return search === null
        ? unwrap(api.DELETE(path, { params }))
        : unwrap(api.PUT(path, { params, body: { state: { search } } }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: [workspace, "run-views"] }),
  });
}

export type RunAction = "cancel" | "archive" | "restore";

/** Does something to a run: through its job, or by MLflow's calls where it has none. */
export async function actOnRun(workspace: string, run: RunRow, action: RunAction): Promise<void> {
  const ws = encodeURIComponent(workspace);
  if (run.type !== "run") {
    await fetchRaw(`/api/v1/workspaces/${ws}/jobs/${encodeURIComponent(run.run_id)}/${action}`, { method: "POST" });
    return;
  }
  const call = { cancel: "update", archive: "delete", restore: "restore" }[action];
  await fetchRaw(`/mlflow/${ws}/api/2.0/mlflow/runs/${call}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ run_id: run.run_id, ...(action === "cancel" ? { status: "KILLED" } : {}) }),
  });
}
