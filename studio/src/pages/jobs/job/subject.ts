import type { Job } from "@/api/jobs";
import type { Run } from "@/api/run";

/** What a job's page is about: a job with its run, or a run that a client outside made. */
export interface Subject {
  workspace: string;
  /** The job's name, which is its run's id too. */
  name: string;
  /** Null: the run belongs to no job. */
  job: Job | null;
  /** Null: the job's run was not found. */
  run: Run | null;
}
