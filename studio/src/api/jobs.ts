import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** A job: the keys of its document, and what is known around them. */
export type Job = Schemas["JobBody"];

/** One move of a job from state to state. */
export type JobEvent = Schemas["EventBody"];

/** A log of a job. */
export type LogFile = Schemas["LogFile"];

/** What a job puts out. */
export type JobOutput = Schemas["OutputBody"];

const OVER = new Set(["Completed", "Failed", "Canceled"]);

/** Whether a job has come to its end. */
export function isOver(job: Pick<Job, "status">): boolean {
  return OVER.has(job.status);
}

/** The address of a job, or of something below it, in the native API. */
export function jobAddress(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, "jobs", ...rest].map(encodeURIComponent).join("/")}`;
}

async function read<T>(path: string): Promise<T> {
  return (await (await fetchRaw(path)).json()) as T;
}

async function readList<T>(path: string): Promise<T[]> {
  return (await read<{ value: T[] }>(path)).value;
}

/** One job. */
export function useJob(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", name),
    queryFn: () => read<Job>(jobAddress(workspace, name)),
    enabled: name !== "",
  });
}

/** The moves of a job, oldest first. */
export function useJobEvents(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", name, "events"),
    queryFn: () => readList<JobEvent>(jobAddress(workspace, name, "events")),
  });
}

/** What a job puts out, its artifacts first. */
export function useJobOutputs(workspace: string, name: string, isWanted = true) {
  return useQuery({
    enabled: isWanted,
    queryKey: itemKey(workspace, "jobs", name, "outputs"),
    queryFn: () => readList<JobOutput>(jobAddress(workspace, name, "outputs")),
  });
}

/** The log files of a job. */
export function useJobLogs(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "jobs", name, "logs"),
    queryFn: () => readList<LogFile>(jobAddress(workspace, name, "logs")),
  });
}

/** The jobs that a job started, newest first, as many as one page holds. */
export function useChildren(workspace: string, name: string, limit = 100) {
  return useQuery({
    queryKey: listKey(workspace, "jobs", "children", name, limit),
    queryFn: () =>
      readList<Job>(`${jobAddress(workspace)}?archived=all&limit=${limit}&parent=${encodeURIComponent(name)}`),
  });
}

/** Changes what may change of a job: display name, description, tags, experiment. */
export function useChangeJob(workspace: string, name: string) {
  return useJobCall(workspace, name, (changes: Partial<Job>) =>
    fetchRaw(jobAddress(workspace, name), {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(changes),
    }),
  );
}

/** Cancels, archives or restores a job. */
export function useJobVerb(workspace: string, name: string) {
  return useJobCall(workspace, name, (verb: "cancel" | "archive" | "restore") =>
    fetchRaw(jobAddress(workspace, name, verb), { method: "POST" }),
  );
}

function useJobCall<T>(workspace: string, name: string, call: (given: T) => Promise<Response>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (given: T) => (await (await call(given)).json()) as Job,
    onSuccess: (job) => queries.setQueryData(itemKey(workspace, "jobs", name), job),
  });
}
