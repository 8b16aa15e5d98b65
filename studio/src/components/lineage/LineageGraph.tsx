import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Lineage, LineageNode } from "@/api/lineage";
import { Graph } from "@/components/graph/Graph";
import type { GraphNode } from "@/components/graph/model";
import { NodeCard } from "@/components/graph/NodeCard";
import { LineageName } from "@/components/lineage/LineageName";
import { iconOf, lineageGraph } from "@/components/lineage/nodes";
import { useKindName } from "@/components/lineage/useKindName";
import { StatusBadge, statusColour } from "@/components/StatusBadge";

/** A lineage as a graph; what was asked about is marked. */
export function LineageGraph({ lineage }: { lineage: Lineage }) {
  const { t } = useTranslation("lineage");
  const kindName = useKindName();
  const { boxes, arrows } = useMemo(() => lineageGraph(lineage, kindName), [lineage, kindName]);
  const start = lineage.start[0] ?? null;
  const render = useCallback(
    (node: GraphNode<LineageNode>) => <Card node={node} isStart={node.id === start} kind={kindName(node.data)} />,
    [start, kindName],
  );
  return <Graph label={t("title")} nodes={boxes} edges={arrows} render={render} />;
}

interface Props {
  node: GraphNode<LineageNode>;
  isStart: boolean;
  kind: string;
}

function Card({ node: { data, isGroup }, isStart, kind }: Props) {
  const Icon = iconOf(data);
  const title = (
    <>
      <Icon size={14} aria-hidden style={{ verticalAlign: "-2px", marginInlineEnd: 6 }} />
      <LineageName node={data} isHere={isStart} />
    </>
  );
  if (isGroup) return <div style={{ padding: "8px 12px", fontSize: 13, fontWeight: 600 }}>{title}</div>;
  const colour = isStart ? "lapis" : data.status ? statusColour(data.status) : undefined;
  return (
    <NodeCard title={title} colour={colour} isSelected={isStart} hint={data.type || undefined}>
      <span>{kind}</span>
      {data.kind === "data" || data.kind === "model" ? <span>v{data.version}</span> : null}
      {data.kind === "dataset" ? <span>{data.version}</span> : null}
      {data.status && <StatusBadge status={data.status} />}
    </NodeCard>
  );
}
