import { stringify } from "yaml";
import type { DataVersion } from "@/api/data";

const KEYS = ["name", "version", "type", "path", "description", "tags", "properties"] as const;

/** Writes the document that makes this version: what `lapis data create -f` takes. */
export function documentText(data: DataVersion): string {
  const given = KEYS.map((key) => [key, data[key]] as const).filter(([, value]) => isSaid(value));
  const schema = "https://azuremlschemas.azureedge.net/latest/data.schema.json";
  return stringify({ $schema: schema, ...Object.fromEntries(given) });
}

function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
