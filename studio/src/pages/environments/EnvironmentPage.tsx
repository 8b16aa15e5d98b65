import { Anchor, Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { type EnvironmentVersion, useEnvironmentVersions } from "@/api/environments";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { basisOf } from "@/pages/environments/basis";

/** An environment with all its versions. */
export function Component() {
  const { t } = useTranslation(["environments", "assets"]);
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const found = useEnvironmentVersions(workspace, name);
  const columns = useColumns(name);
  const newest = found.data?.pages[0]?.value[0];
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ label: t("title"), to: path(workspace, "environments") }]}
        actions={
          newest && (
            <NewDocumentLink kind="environment" label={t("assets:newVersion")} from={`${name}:${newest.version}`} />
          )
        }
      />
      {found.isPending && <Loading />}
      {found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label={t("versions")}
          columns={columns}
          rows={found.data.pages.flatMap((page) => page.value)}
          rowKey={(row) => row.version}
          onEnd={() => found.hasNextPage && !found.isFetchingNextPage && void found.fetchNextPage()}
        />
      )}
    </>
  );
}

function useColumns(name: string): Column<EnvironmentVersion>[] {
  const { t } = useTranslation(["environments", "common"]);
  const workspace = useWorkspace();
  return [
    {
      id: "version",
      header: t("common:version"),
      width: 100,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "environments", name, row.version)} fz="sm">
          {row.version}
        </Anchor>
      ),
    },
    { id: "basis", header: t("basis"), width: 250, cell: (row) => basisOf(row, t) },
    { id: "description", header: t("common:description"), width: 260, cell: (row) => row.description },
    { id: "tags", header: t("common:tags"), width: 170, cell: (row) => <Tags tags={row.tags} /> },
    {
      id: "created",
      header: t("common:created"),
      width: 135,
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
    { id: "by", header: t("common:createdBy"), width: 120, cell: (row) => row.creation_context.created_by },
    {
      id: "archived",
      header: t("common:status"),
      width: 110,
      cell: (row) => (
        <Badge variant="default" tt="none">
          {t(row.archived ? "archived" : "active")}
        </Badge>
      ),
    },
  ];
}
