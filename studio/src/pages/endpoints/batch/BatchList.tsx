import { Anchor } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type BatchEndpoint, useBatchEndpoints } from "@/api/batch";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** The endpoints that score in jobs. */
export function BatchList() {
  const { t } = useTranslation(["batch", "common"]);
  const workspace = useWorkspace();
  const found = useBatchEndpoints(workspace);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const columns: Column<BatchEndpoint>[] = [
    { id: "name", header: t("common:name"), width: 220, cell: (row) => <Name name={row.name} workspace={workspace} /> },
    {
      id: "status",
      header: t("common:status"),
      width: 140,
      cell: (row) => <StatusBadge status={row.provisioning_state} />,
    },
    { id: "default", header: t("defaultDeployment"), width: 180, cell: (row) => <span>{defaultOf(row) || "—"}</span> },
    { id: "description", header: t("common:description"), width: 260, cell: (row) => <span>{row.description}</span> },
    { id: "tags", header: t("common:tags"), width: 190, cell: (row) => <Tags tags={row.tags} /> },
    {
      id: "created",
      header: t("common:created"),
      width: 150,
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
  ];
  const empty = (
    <EmptyState
      icon={IconStack2}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command="lapis batch-endpoint create -n my-batch-endpoint"
    />
  );
  return <DataTable label={t("title")} columns={columns} rows={found.data} rowKey={(row) => row.name} empty={empty} />;
}

/** The deployment that answers when none is named; empty when there is none. */
export function defaultOf(endpoint: BatchEndpoint): string {
  return String(endpoint.defaults?.deployment_name ?? "");
}

function Name({ name, workspace }: { name: string; workspace: string }) {
  return (
    <Anchor component={Link} to={path(workspace, "batch-endpoints", name)} fz="sm">
      {name}
    </Anchor>
  );
}
