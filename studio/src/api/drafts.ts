import { useQuery } from "@tanstack/react-query";
import { nativeAddress, read, send } from "@/api/native";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** What a text says. */
export type Draft = Schemas["DraftBody"];

/** One fault of a document. */
export type DraftProblem = Schemas["DraftProblem"];

/** A local path that a document names: what lies there is to be sent, and its address put at its path. */
export type DraftUpload = Schemas["DraftUpload"];

/** As much of JSON Schema as the server's documents use. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  required?: string[];
}

/** Kinds of documents that are written in the page. */
export type DocumentKind = "job" | "environment" | "component" | "schedule";

/** Checks the text of a document; creates nothing. */
export function checkDraft(workspace: string, kind: DocumentKind, text: string): Promise<Draft> {
  return send<Draft>("POST", nativeAddress(workspace, "drafts", kind), { text });
}

/** The JSON schema of the documents of a kind. */
export function useSchema(kind: DocumentKind) {
  return useQuery({
    queryKey: ["schemas", kind],
    queryFn: () => read<Schema>(`/api/v1/schemas/${kind}`),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
