import { useEffect, useMemo, useSyncExternalStore } from "react";
import { jobAddress } from "@/api/jobs";
import { type LogState, LogStore } from "@/pages/jobs/job/log/store";

/** A log of a job, followed while the page is in sight. */
export function useLog(workspace: string, name: string, path: string): { log: LogStore; state: LogState } {
  const log = useMemo(() => new LogStore(`${jobAddress(workspace, name)}/logs`, path), [workspace, name, path]);
  const state = useSyncExternalStore(log.subscribe, log.snapshot);
  useEffect(() => log.open(), [log]);
  return { log, state };
}
