import type { Datastore } from "@/api/datastores";

const KEYS = ["account_name", "container_name", "filesystem", "file_share_name", "bucket", "endpoint", "path"];

/** Says in a few words where a datastore's files lie. */
export function placeOf(datastore: Datastore): string {
  return KEYS.map((key) => datastore[key])
    .filter((value) => typeof value === "string" && value !== "")
    .join(" / ");
}

/** What a datastore's document says beside what every one has, a pair each; secrets are never among them. */
export function settingsOf(datastore: Datastore): [string, string][] {
  const known = new Set(["name", "type", "description", "tags", "id", "is_default", "credentials", "creation_context"]);
  return Object.entries(datastore)
    .filter(([key, value]) => !known.has(key) && !key.startsWith("$") && value !== null && value !== "")
    .map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
}
