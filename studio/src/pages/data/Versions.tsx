import { Anchor, Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DataVersion, useDataVersions } from "@/api/data";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** All versions of a name, the newest first. */
export function Versions({ name }: { name: string }) {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  const versions = useDataVersions(workspace, name);
  const columns: Column<DataVersion>[] = [
    {
      id: "version",
      header: t("common:version"),
      width: 140,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "data", name, row.version)} fz="sm">
          {row.version}
        </Anchor>
      ),
    },
    { id: "created", header: t("common:created"), cell: (row) => <TimeAgo at={row.creation_context.created_at} /> },
    { id: "by", header: t("common:createdBy"), cell: (row) => row.creation_context.created_by },
    { id: "job", header: t("madeBy"), width: 220, cell: (row) => row.job_name && <JobLink name={row.job_name} /> },
    { id: "tags", header: t("common:tags"), width: 220, cell: (row) => <Tags tags={row.tags} /> },
    {
      id: "archived",
      header: t("common:status"),
      width: 130,
      cell: (row) => row.archived && <Badge color="gray">{t("isArchived")}</Badge>,
    },
  ];
  if (versions.isPending) return <Loading />;
  if (versions.error) return <ErrorBox error={versions.error} retry={() => void versions.refetch()} />;
  return (
    <DataTable
      label={t("tab.versions")}
      columns={columns}
      rows={versions.data.value}
      rowKey={(row) => row.version}
      height="480px"
    />
  );
}

function JobLink({ name }: { name: string }) {
  const workspace = useWorkspace();
  return (
    <Anchor component={Link} to={path(workspace, "jobs", name)} fz="sm">
      {name}
    </Anchor>
  );
}
