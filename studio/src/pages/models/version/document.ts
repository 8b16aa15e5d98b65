import type { ModelVersion } from "@/api/models";

/** What is known around a document and is no part of it. */
const AROUND = new Set(["id", "creation_context", "job_name", "aliases", "archived"]);

/** The document of a version; without what is empty. */
export function documentOf(version: ModelVersion): Record<string, unknown> {
  const kept = Object.entries(version).filter(([key, value]) => !AROUND.has(key) && !isEmpty(value));
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
