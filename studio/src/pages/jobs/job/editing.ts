import { useChangeJob, useJobVerb } from "@/api/jobs";
import { NOTE_TAG, type RunChange, useChangeRun } from "@/api/run";
import type { Subject } from "@/pages/jobs/job/subject";

/** What can be changed of a job or a run after it was made, whichever it is. */
export interface Editing {
  tags: Record<string, string>;
  description: string;
  rename: (name: string) => Promise<unknown>;
  describe: (text: string) => Promise<unknown>;
  setTags: (tags: Record<string, string>) => Promise<unknown>;
  archive: (isArchived: boolean) => Promise<unknown>;
}

/** Tags that people gave, without those that clients keep for themselves. */
export function ownTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith("mlflow.")));
}

/** The calls that make `before` into `after`. */
export function tagChanges(before: Record<string, string>, after: Record<string, string>): RunChange[] {
  const gone = Object.keys(before).filter((key) => !(key in after));
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value);
  return [
    ...gone.map((key): RunChange => ({ what: "delete-tag", key })),
    ...set.map(([key, value]): RunChange => ({ what: "set-tag", key, value })),
  ];
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
      setTags: (tags) => change.mutateAsync({ tags }),
      archive: (isArchived) => verb.mutateAsync(isArchived ? "archive" : "restore"),
    };
  }
  const tags = ownTags(run?.tags ?? {});
  return {
    tags,
    description: run?.tags[NOTE_TAG] ?? "",
    rename: (run_name) => changeRun.mutateAsync([{ what: "update", run_name }]),
    describe: (value) => changeRun.mutateAsync([{ what: "set-tag", key: NOTE_TAG, value }]),
    setTags: (after) => changeRun.mutateAsync(tagChanges(tags, after)),
    archive: (isArchived) => changeRun.mutateAsync([{ what: isArchived ? "delete" : "restore" }]),
  };
}
