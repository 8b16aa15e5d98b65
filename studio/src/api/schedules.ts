import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, remove } from "@/api/native";
import type { components } from "@/api/schema";

/** A schedule: the keys of its document, and what is known around them. */
export type Schedule = components["schemas"]["ScheduleBody"];
export type Firing = components["schemas"]["FiringBody"];

interface Page<T> {
  value: T[];
  next: string | null;
}

/** How many of the next firings a schedule's page shows. */
export const UPCOMING = 10;

/** The schedules of a workspace by name, page after page. */
export function useSchedules(workspace: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "schedules+jobs"),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      read<Page<Schedule>>(
        `${nativeAddress(workspace, "schedules")}?limit=200${pageParam ? `&token=${encodeURIComponent(pageParam)}` : ""}`,
      ),
    getNextPageParam: (last) => last.next,
  });
}

/** One schedule with its next firings. */
export function useSchedule(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "schedules", name),
    queryFn: () => read<Schedule>(`${nativeAddress(workspace, "schedules", name)}?upcoming=${UPCOMING}`),
  });
}

/** What became of a schedule's firings, the last first. */
export function useFirings(workspace: string, name: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "schedules+jobs", name),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      read<Page<Firing>>(
        `${nativeAddress(workspace, "schedules", name, "firings")}?limit=100${pageParam ? `&token=${pageParam}` : ""}`,
      ),
    getNextPageParam: (last) => last.next,
  });
}

/** Enables or disables a schedule. */
export function useEnableSchedule(workspace: string, name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (verb: "enable" | "disable") =>
      fetchRaw(nativeAddress(workspace, "schedules", name, verb), { method: "POST" }),
    onSettled: () => queries.invalidateQueries({ queryKey: itemKey(workspace, "schedules", name) }),
  });
}

/** Makes a job of a schedule now; gives the job's name. */
export async function triggerSchedule(workspace: string, name: string): Promise<string> {
  return (await read<{ job_name: string }>(nativeAddress(workspace, "schedules", name, "trigger"), { method: "POST" }))
    .job_name;
}

/** Deletes a disabled schedule; its jobs stay. */
export function deleteSchedule(workspace: string, name: string): Promise<void> {
  return remove(nativeAddress(workspace, "schedules", name));
}
