import { Anchor } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Connection, useConnections } from "@/api/connections";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { NewConnection } from "@/pages/connections/NewConnection";

const COMMAND = `cat > connection.yml <<'EOF'
name: code
type: git
target: https://example.org/team/code.git
credentials:
  type: pat
EOF
lapis connection create -f connection.yml --credentials pat="$TOKEN"`;

/** All connections: kind and target; secrets are never shown. */
export function Component() {
  const { t } = useTranslation("connections");
  const connections = useConnections(useWorkspace());
  return (
    <>
      <PageHeader title={t("title")} actions={<NewConnection />} />
      {connections.isPending && <Loading />}
      {connections.error && <ErrorBox error={connections.error} retry={() => void connections.refetch()} />}
      {connections.data && <ConnectionTable rows={connections.data} />}
    </>
  );
}

function ConnectionTable({ rows }: { rows: Connection[] }) {
  const { t } = useTranslation(["connections", "common"]);
  const workspace = useWorkspace();
  const columns: Column<Connection>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 240,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "connections", row.name)} fz="sm">
          {row.name}
        </Anchor>
      ),
    },
    { id: "type", header: t("common:type"), cell: (row) => row.type },
    { id: "target", header: t("target"), width: 360, cell: (row) => <span title={row.target}>{row.target}</span> },
    { id: "tags", header: t("common:tags"), width: 200, cell: (row) => <Tags tags={row.tags} /> },
    {
      id: "created",
      header: t("common:created"),
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
  ];
  const empty = (
    <EmptyState icon={IconPlugConnected} title={t("empty.title")} text={t("empty.text")} command={COMMAND} />
  );
  return <DataTable label={t("list")} columns={columns} rows={rows} rowKey={(row) => row.name} empty={empty} />;
}
