import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type EnvironmentVersion, useCurated } from "@/api/environments";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { path, useWorkspace } from "@/lib/workspace";

/** The environments that come with Lapis. */
export function Curated() {
  const { t } = useTranslation(["environments", "common"]);
  const workspace = useWorkspace();
  const curated = useCurated(workspace);
  const columns: Column<EnvironmentVersion>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 240,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "environments", row.name, row.version)} fz="sm">
          {row.name}
        </Anchor>
      ),
    },
    { id: "python", header: "Python", width: 100, cell: (row) => row.tags.Python },
    { id: "description", header: t("common:description"), width: 560, cell: (row) => row.description },
  ];
  if (curated.isPending) return <Loading />;
  if (curated.error) return <ErrorBox error={curated.error} retry={() => void curated.refetch()} />;
  return <DataTable label={t("curatedTab")} columns={columns} rows={curated.data} rowKey={(row) => row.name} />;
}
