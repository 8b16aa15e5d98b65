import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Lineage, LineageNode } from "@/api/lineage";
import { LineageName } from "@/components/lineage/LineageName";
import { useKindName } from "@/components/lineage/useKindName";
import { StatusBadge } from "@/components/StatusBadge";
import { TimeAgo } from "@/components/times";

/** A lineage as a list, for those who do not see the graph: each thing with what it was made from. */
export function LineageTable({ lineage }: { lineage: Lineage }) {
  const { t } = useTranslation(["lineage", "common"]);
  const kindName = useKindName();
  const nodes = new Map(lineage.nodes.map((node) => [node.id, node]));
  const sources = (id: string) =>
    lineage.edges.filter(({ target }) => target === id).map(({ source }) => nodes.get(source) as LineageNode);
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table aria-label={t("title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("common:name")}</Table.Th>
            <Table.Th>{t("common:type")}</Table.Th>
            <Table.Th>{t("common:status")}</Table.Th>
            <Table.Th>{t("common:created")}</Table.Th>
            <Table.Th>{t("madeFrom")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lineage.nodes.map((node) => (
            <Table.Tr key={node.id}>
              <Table.Td>
                <LineageName node={node} isHere={lineage.start.includes(node.id)} />{" "}
                {(node.kind === "data" || node.kind === "model") && `v${node.version}`}
              </Table.Td>
              <Table.Td>{kindName(node)}</Table.Td>
              <Table.Td>{node.status ? <StatusBadge status={node.status} /> : "—"}</Table.Td>
              <Table.Td>
                <TimeAgo at={node.at} />
              </Table.Td>
              <Table.Td>
                {sources(node.id)
                  .map(({ label }) => label)
                  .join(", ") || "—"}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
