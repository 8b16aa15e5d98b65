import { stringify } from "yaml";
import type { ComponentVersion } from "@/api/components";

const AROUND = new Set(["id", "creation_context", "properties", "archived", "job_name", "stage", "aliases"]);

/** The document of a component as YAML, without what is known around it and what is empty. */
export function yamlOf(component: ComponentVersion): string {
  const kept = Object.entries(component).filter(([key, value]) => !AROUND.has(key) && !isEmpty(value));
  return stringify(Object.fromEntries(kept), { lineWidth: 0 });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}
