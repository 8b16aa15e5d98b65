import { Anchor, Text } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type EndpointFigures, type EndpointSummary, useEndpointSummaries } from "@/api/endpoints";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { percent, rate, seconds } from "@/pages/endpoints/online/numbers";
import { TrafficBar } from "@/pages/endpoints/online/TrafficBar";

/** The online endpoints with what each of them does at present. */
export function OnlineList() {
  const { t, i18n } = useTranslation(["endpoints", "common"]);
  const workspace = useWorkspace();
  const found = useEndpointSummaries(workspace);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const empty = (
    <EmptyState
      icon={IconRocket}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command="lapis online-endpoint create -n my-endpoint"
    />
  );
  return (
    <>
      <DataTable
        label={t("list")}
        columns={columnsOf(t, workspace, i18n.language)}
        rows={found.data}
        rowKey={(row) => row.endpoint.name}
        empty={empty}
      />
      {found.data.length > 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          {t("lastMinute")}
        </Text>
      )}
    </>
  );
}

function columnsOf(
  t: TFunction<["endpoints", "common"]>,
  workspace: string,
  language: string,
): Column<EndpointSummary>[] {
  return [
    { id: "name", header: t("common:name"), width: 190, cell: (row) => <Name row={row} workspace={workspace} /> },
    {
      id: "status",
      header: t("common:status"),
      width: 125,
      cell: (row) => <StatusBadge status={row.endpoint.provisioning_state} />,
    },
    { id: "health", header: t("health"), width: 120, cell: (row) => row.health && <StatusBadge status={row.health} /> },
    {
      id: "traffic",
      header: t("traffic"),
      width: 190,
      cell: (row) => <TrafficBar traffic={row.endpoint.traffic} names={row.deployments.map(({ name }) => name)} />,
    },
    {
      id: "replicas",
      header: t("replicas"),
      width: 90,
      numeric: true,
      cell: (row) => <Replicas row={row} />,
    },
    figure("rate", t("rate"), (one) => rate(one.rate, language)),
    figure("p95", t("latency"), (one) => (one.p95 === null ? null : seconds(one.p95)), 120),
    figure("errors", t("errors"), (one) => (one.error_share === null ? null : percent(one.error_share, language)), 90),
    {
      id: "created",
      header: t("common:created"),
      width: 130,
      cell: (row) => <TimeAgo at={row.endpoint.creation_context.created_at} />,
    },
  ];
}

function figure(
  id: string,
  header: string,
  write: (one: EndpointFigures) => string | null,
  width = 105,
): Column<EndpointSummary> {
  const cell = (row: EndpointSummary) => <span>{(row.figures && write(row.figures)) ?? "—"}</span>;
  return { id, header, width, numeric: true, cell };
}

function Name({ row, workspace }: { row: EndpointSummary; workspace: string }) {
  return (
    <Anchor component={Link} to={path(workspace, "online-endpoints", row.endpoint.name)} fz="sm">
      {row.endpoint.name}
    </Anchor>
  );
}

function Replicas({ row }: { row: EndpointSummary }) {
  const ready = row.deployments.reduce((total, one) => total + one.replicas.ready, 0);
  const wanted = row.deployments.reduce((total, one) => total + one.replicas.wanted, 0);
  return (
    <span>
      {ready} / {wanted}
    </span>
  );
}
