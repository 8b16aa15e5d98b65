import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { type ModelCandidate, useCandidates } from "@/api/models";
import { useWorkspace } from "@/lib/workspace";

/** Stands for a path that the person writes, among the candidates. */
export const ANOTHER = "";

/** Where the files of a new version come from, and how the person says it. */
export interface Source {
  /** The job that was named; empty: none. */
  job: string;
  nameJob: (name: string) => void;
  /** What the job left; undefined until the server answered. */
  candidates: ModelCandidate[] | undefined;
  /** The path of the chosen candidate, or `ANOTHER`. */
  chosen: string;
  choose: (path: string) => void;
  /** The path that the person writes. */
  own: string;
  write: (path: string) => void;
  /** Of a path that the person writes; null: the server recognizes the format from the files. */
  type: string | null;
  setType: (type: string | null) => void;
  /** What to register. */
  path: string;
  format: string | null;
}

/** Keeps where the files of a new version come from; the first of what a job left is chosen at first. */
export function useSource(given?: string): Source {
  const [named, nameJob] = useState("");
  const [asked] = useDebouncedValue(named.trim(), 300);
  const job = given ?? asked;
  const candidates = useCandidates(useWorkspace(), job).data;
  const [wanted, choose] = useState<string | null>(null);
  const [written, write] = useState<string | null>(null);
  const [type, setType] = useState<string | null>(null);
  const isThere = wanted === ANOTHER || candidates?.some((one) => one.path === wanted);
  const chosen = wanted !== null && isThere ? wanted : (candidates?.[0]?.path ?? ANOTHER);
  const own = written ?? (job ? `azureml://jobs/${job}/outputs/artifacts/paths/` : "");
  const candidate = candidates?.find((one) => one.path === chosen);
  return {
    job: given ?? named,
    nameJob,
    candidates,
    chosen,
    choose,
    own,
    write,
    type,
    setType,
    path: (candidate?.path ?? own).trim(),
    format: candidate ? candidate.type : type,
  };
}
