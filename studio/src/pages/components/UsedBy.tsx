import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ComponentUser, type ComponentVersion, useComponentUsers } from "@/api/components";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** The pipelines and sweeps that name a version of a component, newest first. */
export function UsedBy({ component }: { component: ComponentVersion }) {
  const { t } = useTranslation(["components", "common"]);
  const workspace = useWorkspace();
  const users = useComponentUsers(workspace, component.name, component.version);
  const columns: Column<ComponentUser>[] = [
    {
      id: "job",
      header: t("job"),
      width: 280,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "jobs", row.name)} fz="sm" title={row.name}>
          {row.display_name}
        </Anchor>
      ),
    },
    { id: "type", header: t("common:type"), width: 110, cell: (row) => row.type },
    { id: "status", header: t("common:status"), width: 150, cell: (row) => <StatusBadge status={row.status} /> },
    { id: "created", header: t("common:created"), width: 150, cell: (row) => <TimeAgo at={row.created_at} /> },
    { id: "by", header: t("common:createdBy"), width: 140, cell: (row) => row.created_by },
  ];
  if (users.isPending) return <Loading />;
  if (users.error) return <ErrorBox error={users.error} retry={() => void users.refetch()} />;
  return (
    <DataTable
      label={t("usedByLabel")}
      columns={columns}
      rows={users.data}
      rowKey={({ name }) => name}
      height="480px"
      empty={<Text c="dimmed">{t("notUsed")}</Text>}
    />
  );
}
