import { Anchor, Badge, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Datastore, useDatastores } from "@/api/datastores";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { DataTabs } from "@/pages/data/DataTabs";
import { NewDatastore } from "@/pages/datastores/NewDatastore";
import { placeOf } from "@/pages/datastores/place";

/** All datastores: those that every workspace has, and those that were added. */
export function Component() {
  const { t } = useTranslation("datastores");
  const datastores = useDatastores(useWorkspace());
  return (
    <>
      <PageHeader title={t("title")} actions={<NewDatastore />} />
      <DataTabs current="datastores">
        {datastores.isPending && <Loading />}
        {datastores.error && <ErrorBox error={datastores.error} retry={() => void datastores.refetch()} />}
        {datastores.data && <Stores rows={datastores.data} />}
      </DataTabs>
    </>
  );
}

function Stores({ rows }: { rows: Datastore[] }) {
  const { t } = useTranslation(["datastores", "common"]);
  const workspace = useWorkspace();
  const columns: Column<Datastore>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 280,
      cell: (row) => (
        <Group gap="xs" wrap="nowrap">
          <Anchor component={Link} to={path(workspace, "datastores", row.name)} fz="sm">
            {row.name}
          </Anchor>
          {row.is_default && (
            <Badge variant="light" tt="none">
              {t("isDefault")}
            </Badge>
          )}
        </Group>
      ),
    },
    {
      id: "type",
      header: t("common:type"),
      width: 220,
      cell: (row) => t(`type.${row.type}` as "type.local", { defaultValue: row.type }),
    },
    { id: "place", header: t("place"), width: 220, cell: (row) => placeOf(row) },
    {
      id: "description",
      header: t("common:description"),
      width: 340,
      cell: (row) => <span title={row.description}>{row.description}</span>,
    },
    {
      id: "created",
      header: t("common:created"),
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
  ];
  return <DataTable label={t("list")} columns={columns} rows={rows} rowKey={(row) => row.name} />;
}
