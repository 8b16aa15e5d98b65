import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** A pipeline with the state of each of its steps. */
export type PipelineGraph = Schemas["PipelineGraph"];
export type PipelineStep = Schemas["PipelineStep"];
export type PipelinePort = Schemas["PipelinePort"];
/** A pipeline job in a list. */
export type PipelineLine = Schemas["PipelineLine"];

interface Page<T> {
  value: T[];
  next: string | null;
}

const PAGE = 100;

/** Pipeline jobs, newest first, page after page. */
export function usePipelines(workspace: string, status: string, text: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "jobs", "pipelines", status, text),
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const asked = new URLSearchParams({ limit: String(PAGE) });
      if (status) asked.set("status", status);
      if (text) asked.set("text", text);
      if (pageParam) asked.set("token", pageParam);
      return read<Page<PipelineLine>>(`${nativeAddress(workspace, "pipelines")}?${asked}`);
    },
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

function graphOf(workspace: string, job: string) {
  return {
    queryKey: itemKey(workspace, "jobs", job, "graph"),
    queryFn: () => read<PipelineGraph>(nativeAddress(workspace, "jobs", job, "graph")),
  };
}

/** The graph of a pipeline job. */
export function usePipelineGraph(workspace: string, job: string) {
  return useQuery(graphOf(workspace, job));
}

/** The graphs of several pipeline jobs: those nested in another that are open. */
export function usePipelineGraphs(workspace: string, jobs: string[]) {
  return useQueries({
    queries: jobs.map((job) => graphOf(workspace, job)),
    combine: (results) => new Map(results.map(({ data }, index) => [jobs[index] ?? "", data])),
  });
}
