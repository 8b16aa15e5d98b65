import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { itemKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import type { components } from "@/api/schema";

/** A sweep with all of its trials. */
export type SweepTrials = components["schemas"]["SweepTrials"];
export type SweepTrial = components["schemas"]["SweepTrial"];
export type SweepImportance = components["schemas"]["SweepImportance"];

/** All trials of a sweep. */
export function useTrials(workspace: string, job: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", job, "trials"),
    queryFn: () => read<SweepTrials>(nativeAddress(workspace, "jobs", job, "trials")),
  });
}

/** Which parameters mattered; asked again when more results are there, not with every move of a trial. */
export function useImportance(workspace: string, job: string, results: number) {
  return useQuery({
    queryKey: ["importance", workspace, job, results],
    queryFn: () => read<SweepImportance>(nativeAddress(workspace, "jobs", job, "importance")),
    placeholderData: keepPreviousData,
  });
}
