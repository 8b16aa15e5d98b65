import type { Job } from "@/api/jobs";

/** The code snapshot that a job runs; null for a job without one. */
export function codeOf(job: Job | null): string | null {
  const task = job?.task as { code?: unknown } | undefined;
  const code = job?.code ?? task?.code;
  return typeof code === "string" && code.startsWith("azureml:") ? code : null;
}
