import { Anchor } from "@mantine/core";
import type { TFunction } from "i18next";
import { Link } from "react-router";
import { type RunKeys, type RunRow, toNumber } from "@/api/runs";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { Duration, MetricValue, TimeAgo } from "@/components/times";
import { path } from "@/lib/workspace";

const METRICS_AT_FIRST = 3;

type Words = TFunction<["jobs", "common"]>;

/** All columns that the table can have: a run's own, and what the runs logged. */
export function runColumns(workspace: string, keys: RunKeys, t: Words): Column<RunRow>[] {
  return [...ownColumns(workspace, t), ...metricColumns(keys.metrics), ...pairColumns(keys, t)];
}

function ownColumns(workspace: string, t: Words): Column<RunRow>[] {
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 192,
      fixed: true,
      sortable: true,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "jobs", row.run_id)} fz="sm" title={row.run_id}>
          {row.name || row.run_id}
        </Anchor>
      ),
    },
    {
      id: "status",
      header: t("common:status"),
      width: 135,
      sortable: true,
      cell: (row) => <StatusBadge status={row.status} />,
    },
    {
      id: "type",
      header: t("common:type"),
      width: 112,
      cell: (row) => <span>{t(`types.${row.type as "command"}`, { defaultValue: row.type })}</span>,
    },
    {
      id: "experiment",
      header: t("experiment"),
      width: 130,
      cell: (row) => (
        <Anchor component={Link} to={`${path(workspace, "jobs")}?experiment=${row.experiment_id}`} fz="sm">
          {row.experiment_name}
        </Anchor>
      ),
    },
    { id: "started", header: t("started"), width: 124, sortable: true, cell: (row) => <TimeAgo at={row.start_time} /> },
    {
      id: "duration",
      header: t("duration"),
      width: 105,
      numeric: true,
      cell: (row) => <Duration from={row.start_time} to={row.end_time} />,
    },
    {
      id: "ended",
      header: t("ended"),
      width: 150,
      sortable: true,
      hidden: true,
      cell: (row) => <TimeAgo at={row.end_time} />,
    },
    {
      id: "user",
      header: t("common:createdBy"),
      width: 130,
      sortable: true,
      hidden: true,
      cell: (row) => <span>{row.user}</span>,
    },
    {
      id: "id",
      header: t("id"),
      width: 220,
      hidden: true,
      cell: (row) => <span className="number">{row.run_id}</span>,
    },
    {
      id: "parent",
      header: t("parent"),
      width: 200,
      hidden: true,
      cell: (row) =>
        row.parent && (
          <Anchor component={Link} to={path(workspace, "jobs", row.parent)} fz="sm">
            {row.parent}
          </Anchor>
        ),
    },
  ];
}

function metricColumns(keys: string[]): Column<RunRow>[] {
  const usual = new Set(keys.filter((key) => !key.startsWith("system/")).slice(0, METRICS_AT_FIRST));
  return keys.map((key) => ({
    id: `metrics.${key}`,
    header: key,
    width: 110,
    numeric: true,
    sortable: true,
    hidden: !usual.has(key),
    cell: (row) => {
      const value = row.metrics[key];
      return <MetricValue value={value === undefined ? null : toNumber(value)} />;
    },
  }));
}

function pairColumns(keys: RunKeys, t: Words): Column<RunRow>[] {
  return (["params", "tags"] as const).flatMap((entity) =>
    keys[entity].map((key) => ({
      id: `${entity}.${key}`,
      header: t(`of.${entity}`, { key }),
      width: 150,
      sortable: true,
      hidden: true,
      cell: (row: RunRow) => <span title={row[entity][key]}>{row[entity][key] ?? "—"}</span>,
    })),
  );
}
