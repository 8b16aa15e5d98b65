import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { itemKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type Overview = Schemas["OverviewBody"];
export type JobLine = Schemas["JobLine"];
export type JobGlance = Schemas["JobGlance"];
export type EndpointHealth = Schemas["EndpointHealth"];
export type ServerHealth = Schemas["ServerHealth"];
export type SearchGroup = Schemas["HitGroup"];
export type Hit = Schemas["Hit"];

/** What runs, waits and failed, and how endpoints and server do; every change of the workspace brings it anew. */
export function useOverview(workspace: string) {
  return useQuery({
    queryKey: itemKey(workspace, "overview", ""),
    queryFn: () => read<Overview>(nativeAddress(workspace, "overview")),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

/** What is found by some words; the answer before stays while the next one is on its way. */
export function useSearch(workspace: string, words: string) {
  return useQuery({
    queryKey: [workspace, "search", words],
    queryFn: async ({ signal }) => {
      const asked = new URLSearchParams({ q: words });
      return (await read<Schemas["SearchBody"]>(`${nativeAddress(workspace, "search")}?${asked}`, { signal })).value;
    },
    enabled: words.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}
