import { Anchor, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Node, useNodes } from "@/api/computes";
import { ErrorBox } from "@/components/ErrorBox";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

function stateOf(node: Node): string {
  if (node.current_job_name) return "Running";
  return node.node_state === "unreachable" ? "NotResponding" : "Ready";
}

/** The nodes of a compute, and what runs on each. */
export function Nodes({ name }: { name: string }) {
  const { t } = useTranslation("compute");
  const workspace = useWorkspace();
  const nodes = useNodes(workspace, name);
  const columns: Column<Node>[] = [
    { id: "node", header: t("node"), width: 110, cell: (row) => row.node_id },
    {
      id: "state",
      header: t("state"),
      width: 140,
      cell: (row) => <StatusBadge status={stateOf(row)} />,
    },
    {
      id: "job",
      header: t("job"),
      width: 280,
      cell: (row) =>
        row.current_job_name && (
          <Anchor component={Link} to={path(workspace, "jobs", row.current_job_name)} fz="sm">
            {row.current_job_name}
          </Anchor>
        ),
    },
    {
      id: "since",
      header: t("runningFor"),
      width: 130,
      numeric: true,
      cell: (row) => row.since !== null && <Duration from={row.since} />,
    },
  ];
  return (
    <Stack gap="xs">
      <Title order={2}>{t("nodes")}</Title>
      {nodes.error && <ErrorBox error={nodes.error} retry={() => void nodes.refetch()} />}
      {nodes.data && (
        <DataTable
          label={t("nodes")}
          columns={columns}
          rows={nodes.data}
          rowKey={(row) => row.node_id}
          height="320px"
        />
      )}
    </Stack>
  );
}
