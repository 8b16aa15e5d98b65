import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey } from "@/api/keys";
import type { components } from "@/api/schema";

/** A sweep with all of its trials. */
export type SweepTrials = components["schemas"]["SweepTrials"];
export type SweepTrial = components["schemas"]["SweepTrial"];
export type SweepImportance = components["schemas"]["SweepImportance"];

function address(workspace: string, job: string, what: string): string {
  return `/api/v1/workspaces/${[workspace, "jobs", job, what].map(encodeURIComponent).join("/")}`;
}

/** All trials of a sweep. */
export function useTrials(workspace: string, job: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", job, "trials"),
    queryFn: async () => (await (await fetchRaw(address(workspace, job, "trials"))).json()) as SweepTrials,
  });
}

/** Which parameters mattered; asked again when more results are there, not with every move of a trial. */
export function useImportance(workspace: string, job: string, results: number) {
  return useQuery({
    queryKey: ["importance", workspace, job, results],
    queryFn: async () => (await (await fetchRaw(address(workspace, job, "importance"))).json()) as SweepImportance,
    placeholderData: keepPreviousData,
  });
}
