import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import type { LineageNode } from "@/api/lineage";
import { pageOf } from "@/components/lineage/nodes";
import { useWorkspace } from "@/lib/workspace";

/** The name of a thing, which leads to its page unless it is this one. */
export function LineageName({ node, isHere }: { node: LineageNode; isHere: boolean }) {
  const to = pageOf(useWorkspace(), node);
  if (to === null || isHere) return <span title={node.label}>{node.label}</span>;
  return (
    <Anchor component={Link} to={to} inherit className="nopan" title={node.label}>
      {node.label}
    </Anchor>
  );
}
