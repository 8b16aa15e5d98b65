import { stringify } from "yaml";
import type { Job } from "@/api/jobs";

/** What is known around a document and is no part of it. */
const AROUND = new Set([
  "id",
  "parent_job_name",
  "step",
  "status",
  "status_code",
  "status_reason",
  "exit_code",
  "warnings",
  "properties",
  "services",
  "creation_context",
  "start_time",
  "end_time",
  "archived",
]);

const FIRST = ["type", "name", "display_name", "experiment_name", "description"];

/** The document of a job, in the order in which people write it; without what is empty. */
export function documentOf(job: Job): Record<string, unknown> {
  const kept = Object.entries(job).filter(([key, value]) => !AROUND.has(key) && !isEmpty(value));
  const rank = ([key]: [string, unknown]) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  return Object.fromEntries(kept.sort((a, b) => rank(a) - rank(b)));
}

/** The document of a job as YAML. */
export function yamlOf(job: Job): string {
  return stringify(documentOf(job), { lineWidth: 0 });
}

/** The document of a job to submit again: without its name and without what only its name gave it. */
export function yamlToResubmit(job: Job): string {
  const { name, ...document } = documentOf(job);
  if (document.display_name === name) delete document.display_name;
  return stringify(document, { lineWidth: 0 });
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
