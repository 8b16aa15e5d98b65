import type { Job } from "@/api/jobs";

/** The code snapshot that a job runs; null for a job without one. */
export function codeOf(job: Job | null): string | null {
  const task = job?.task as { code?: unknown } | undefined;
  const code = job?.code ?? task?.code;
  return typeof code === "string" && code.startsWith("azureml:") ? code : null;
}

/** The script that a job's command names first, if it names one: `train.py`. */
export function scriptOf(job: Job | null): string | undefined {
  const task = job?.task as { command?: unknown } | undefined;
  const command = job?.command ?? task?.command;
  return typeof command === "string" ? /(?:^|[\s/])([\w.-]+\.(?:py|sh|R|jl))(?=\s|$)/.exec(command)?.[1] : undefined;
}
