import {
  IconBox,
  IconDatabase,
  IconFlask,
  IconLink,
  IconRocket,
  IconSitemap,
  IconTable,
  type TablerIcon,
} from "@tabler/icons-react";
import type { Lineage, LineageNode } from "@/api/lineage";
import type { GraphEdge, GraphNode } from "@/components/graph/model";
import { path } from "@/lib/workspace";

const ICONS: Record<LineageNode["kind"], TablerIcon> = {
  job: IconFlask,
  run: IconFlask,
  data: IconDatabase,
  model: IconBox,
  online: IconRocket,
  batch: IconRocket,
  dataset: IconTable,
  uri: IconLink,
};

/** The icon of a thing. */
export function iconOf(node: LineageNode): TablerIcon {
  return node.type === "pipeline" || node.type === "sweep" ? IconSitemap : ICONS[node.kind];
}

/** The page of a thing; null for what has none. */
export function pageOf(workspace: string, node: LineageNode): string | null {
  if (node.kind === "job" || node.kind === "run") return path(workspace, "jobs", node.name);
  if (node.kind === "data") return path(workspace, "data", node.name, node.version);
  if (node.kind === "model") return path(workspace, "models", node.name, node.version);
  if (node.kind === "online") return path(workspace, "online-endpoints", node.name);
  if (node.kind === "batch") return path(workspace, "batch-endpoints", node.name);
  return null;
}

/** Writes a lineage as a graph: a pipeline holds its steps. */
export function lineageGraph({ nodes, edges }: Lineage, kindName: (node: LineageNode) => string) {
  const holders = new Set(nodes.map(({ holder }) => holder).filter((holder) => holder !== null));
  const boxes = nodes.map((node): GraphNode<LineageNode> => {
    const label = `${kindName(node)} ${node.label} ${node.version}`.trim();
    return {
      id: node.id,
      parent: node.holder ?? undefined,
      isGroup: holders.has(node.id),
      label,
      width: 236,
      data: node,
    };
  });
  const arrows = edges.map(({ source, target }): GraphEdge => ({ id: `${source} → ${target}`, source, target }));
  return { boxes, arrows };
}
