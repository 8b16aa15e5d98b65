import { parse } from "yaml";

export type YamlDocument = Record<string, unknown>;

/**
 * Reads a document that a person wrote as YAML.
 *
 * @param complain makes the sentence for a text that is none.
 */
export function readDocument(text: string, complain: (reason: string) => string): YamlDocument {
  let found: unknown;
  try {
    found = parse(text);
  } catch (error) {
    throw new Error(complain((error as Error).message), { cause: error });
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error(complain("—"));
  return found as YamlDocument;
}
