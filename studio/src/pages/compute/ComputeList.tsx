import { Anchor, Progress, Text } from "@mantine/core";
import { IconCpu } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Compute, useComputes } from "@/api/computes";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** All computes: what each can hold, and what it holds. */
export function Component() {
  const { t } = useTranslation("compute");
  const workspace = useWorkspace();
  const computes = useComputes(workspace);
  return (
    <>
      <PageHeader title={t("title")} />
      {computes.isPending && <Loading />}
      {computes.error && <ErrorBox error={computes.error} retry={() => void computes.refetch()} />}
      {computes.data && <ComputeTable computes={computes.data} />}
    </>
  );
}

function ComputeTable({ computes }: { computes: Compute[] }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const columns: Column<Compute>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 240,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "compute", row.name)} fz="sm">
          {row.name}
        </Anchor>
      ),
    },
    { id: "type", header: t("common:type"), cell: (row) => row.type },
    {
      id: "status",
      header: t("common:status"),
      cell: (row) => <StatusBadge status={row.state ?? row.provisioning_state} />,
    },
    { id: "slots", header: t("slots"), width: 220, cell: (row) => <Use compute={row} /> },
    { id: "created", header: t("common:created"), cell: (row) => <TimeAgo at={row.creation_context.created_at} /> },
  ];
  const empty = (
    <EmptyState
      icon={IconCpu}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command="lapis compute create -n cpu-cluster --type amlcompute --min-instances 0 --max-instances 4"
    />
  );
  return <DataTable label={t("list")} columns={columns} rows={computes} rowKey={(row) => row.name} empty={empty} />;
}

function Use({ compute }: { compute: Compute }) {
  const { t } = useTranslation("compute");
  if (compute.max_instances === undefined) return <span>—</span>;
  const busy = compute.running_node_count ?? 0;
  return (
    <div style={{ display: "flex", gap: 8, alignItems: "center", width: "100%" }}>
      <Progress value={(100 * busy) / Math.max(1, compute.max_instances)} aria-label={t("slots")} style={{ flex: 1 }} />
      <Text size="sm" className="number">
        {busy} / {compute.max_instances}
      </Text>
    </div>
  );
}
