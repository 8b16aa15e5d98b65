import { useQuery } from "@tanstack/react-query";
import { nativeAddress, read, send } from "@/api/native";

/** One fault of a document; lines and columns begin at 1. */
export interface DraftProblem {
  message: string;
  path: string;
  line: number | null;
  column: number | null;
  expected: string | null;
  suggestion: string | null;
}

/** A local path that a document names: what lies there is to be sent, and its address put at `path`. */
export interface DraftUpload {
  path: (string | number)[];
  text: string;
  name: string;
  role: string;
}

/** What a text says. */
export interface Draft {
  /** Under which to submit it. */
  name: string;
  /** Null when there are problems. */
  document: Record<string, unknown> | null;
  problems: DraftProblem[];
  warnings: string[];
  uploads: DraftUpload[];
}

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

/** Checks the text of a job document; creates nothing. */
export function checkDraft(workspace: string, text: string): Promise<Draft> {
  return send<Draft>("POST", nativeAddress(workspace, "drafts", "job"), { text });
}

/** The JSON schema of job documents. */
export function useJobSchema() {
  return useQuery({
    queryKey: ["schemas", "job"],
    queryFn: () => read<Schema>("/api/v1/schemas/job"),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
