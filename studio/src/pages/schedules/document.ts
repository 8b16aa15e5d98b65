import { stringify } from "yaml";
import type { Schedule } from "@/api/schedules";

const AROUND = new Set([
  "id",
  "is_enabled",
  "provisioning_state",
  "next_fire_times",
  "last_firings",
  "creation_context",
]);

/** The document of a schedule as YAML: what a person wrote, without what is known around it. */
export function yamlOf(schedule: Schedule): string {
  const kept = Object.entries(schedule).filter(([key, value]) => !AROUND.has(key) && !isEmpty(value));
  return stringify(Object.fromEntries(kept), { lineWidth: 0 });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}
