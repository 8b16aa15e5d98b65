import { useQuery } from "@tanstack/react-query";
import { itemKey, type Noun } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";

/** What a lineage can begin with; a run counts as a job. */
export type LineageKind = "job" | "data" | "model" | "online" | "batch";

/** One thing of a lineage. */
export interface LineageNode {
  id: string;
  kind: LineageKind | "run" | "dataset" | "uri";
  name: string;
  /** Of an asset; of a deployment its name; of a dataset its digest. */
  version: string;
  label: string;
  type: string;
  status: string;
  at: string | null;
  /** The job that started this one. */
  parent: string | null;
  /** The node of that job, where it is shown too. */
  holder: string | null;
}

/** What something came from and what came of it; arrows lead from what was used to what came of it. */
export interface Lineage {
  start: string[];
  nodes: LineageNode[];
  edges: { source: string; target: string }[];
  is_cut: boolean;
}

/** What a lineage begins with. A deployment has its endpoint as name and its own name as version. */
export interface LineageStart {
  kind: LineageKind;
  name: string;
  version?: string;
}

const NOUNS: Record<LineageKind, Noun> = {
  job: "jobs",
  data: "data",
  model: "models",
  online: "online-endpoints",
  batch: "batch-endpoints",
};

/** What something came from and what came of it, `depth` levels each way. */
export function useLineage(workspace: string, { kind, name, version = "" }: LineageStart, depth: number) {
  const asked = new URLSearchParams({ kind, name, version, depth: String(depth) });
  return useQuery({
    queryKey: itemKey(workspace, NOUNS[kind], name, "lineage", version, depth),
    queryFn: () => read<Lineage>(`${nativeAddress(workspace, "lineage")}?${asked}`),
    placeholderData: (before) => before,
  });
}
