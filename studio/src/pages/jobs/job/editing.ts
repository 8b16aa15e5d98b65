import { useChangeJob, useJobVerb } from "@/api/jobs";
import { NOTE_TAG, type RunChange, useChangeRun } from "@/api/run";
import { type TagChanges, withChanges } from "@/lib/tags";
import type { Subject } from "@/pages/jobs/job/subject";

/** What can be changed of a job or a run after it was made, whichever it is. */
export interface Editing {
  tags: Record<string, string>;
  description: string;
  rename: (name: string) => Promise<unknown>;
  describe: (text: string) => Promise<unknown>;
  setTags: (changes: TagChanges) => Promise<unknown>;
  archive: (isArchived: boolean) => Promise<unknown>;
}

/** Tags that people gave, without those that clients keep for themselves. */
export function ownTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith("mlflow.")));
}

/** The calls that change tags of a run. */
function calls(changes: TagChanges): RunChange[] {
  return Object.entries(changes).map(([key, value]) =>
    value === null ? { what: "delete-tag", key } : { what: "set-tag", key, value },
  );
}

/** Gives the ways to change a job or a run; every one throws an ApiError when the server refuses. */
export function useEditing({ workspace, name, job, run }: Subject): Editing {
  const change = useChangeJob(workspace, name);
  const verb = useJobVerb(workspace, name);
  const changeRun = useChangeRun(workspace, name);
  if (job) {
    return {
      tags: job.tags,
      description: job.description ?? "",
      rename: (display_name) => change.mutateAsync({ display_name }),
      describe: (description) => change.mutateAsync({ description }),
      setTags: (changes) => change.mutateAsync({ tags: withChanges(job.tags, changes) }),
      archive: (isArchived) => verb.mutateAsync(isArchived ? "archive" : "restore"),
    };
  }
  const tags = ownTags(run?.tags ?? {});
  return {
    tags,
    description: run?.tags[NOTE_TAG] ?? "",
    rename: (run_name) => changeRun.mutateAsync([{ what: "update", run_name }]),
    describe: (value) => changeRun.mutateAsync([{ what: "set-tag", key: NOTE_TAG, value }]),
    setTags: (changes) => changeRun.mutateAsync(calls(changes)),
    archive: (isArchived) => changeRun.mutateAsync([{ what: isArchived ? "delete" : "restore" }]),
  };
}
