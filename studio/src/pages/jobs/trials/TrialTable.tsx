import { Anchor, Badge, Group } from "@mantine/core";
import { IconPlayerSkipForward, IconTrophy } from "@tabler/icons-react";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { SweepTrial, SweepTrials } from "@/api/sweeps";
import { StatusBadge } from "@/components/StatusBadge";
import { ColumnChooser } from "@/components/table/ColumnChooser";
import { type Column, nextSort, parseSort, shownColumns, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration, MetricValue, TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { formatNumber } from "@/lib/format";
import { path, useWorkspace } from "@/lib/workspace";
import { parameterNames } from "@/pages/jobs/trials/charts";
import { sortTrials } from "@/pages/jobs/trials/sorting";

interface Props {
  sweep: SweepTrials;
  /** Stands above the table, before the choice of columns. */
  head: ReactNode;
  selected: ReadonlySet<string>;
  onSelect: (selected: Set<string>) => void;
}

/** All trials with their parameters and results; all of them are here, so sorting asks nobody. */
export function TrialTable({ sweep, head, selected, onSelect }: Props) {
  const { t } = useTranslation(["sweeps", "common"]);
  const [sortText, setSort] = useAddressState("sort", "");
  const [chosen, choose] = useAddressState("columns", "");
  const sort = parseSort(sortText);
  const columns = useTrialColumns(sweep);
  const rows = useMemo(() => sortTrials(sweep.trials, parseSort(sortText)), [sweep.trials, sortText]);
  return (
    <>
      <Group gap="xs" mb="xs">
        {head}
        <ColumnChooser columns={columns} chosen={chosen} onChoose={choose} />
      </Group>
      <DataTable
        label={t("trials")}
        columns={shownColumns(columns, chosen)}
        rows={rows}
        rowKey={(row) => row.name}
        rowLabel={(row) => `${t("trial")} ${row.number}`}
        sort={sort}
        onSort={(id) => setSort(writeSort(nextSort(sort, id)))}
        selected={selected}
        onSelect={onSelect}
        height="min(70vh, 640px)"
      />
    </>
  );
}

function useTrialColumns(sweep: SweepTrials): Column<SweepTrial>[] {
  const { t } = useTranslation(["sweeps", "common"]);
  const parameters = parameterNames(sweep).map((name): Column<SweepTrial> => {
    const isNumber = sweep.trials.every(({ parameters: own }) => !(name in own) || typeof own[name] === "number");
    return {
      id: `p:${name}`,
      header: name,
      width: 130,
      numeric: isNumber,
      sortable: true,
      cell: ({ parameters: own }) => parameterText(own[name]),
    };
  });
  return [
    {
      id: "number",
      header: t("trial"),
      width: 110,
      fixed: true,
      sortable: true,
      cell: (row) => <TrialLink row={row} isBest={row.name === sweep.best} />,
    },
    { id: "status", header: t("common:status"), width: 220, sortable: true, cell: (row) => <State row={row} /> },
    {
      id: "value",
      header: sweep.metric,
      width: 130,
      numeric: true,
      sortable: true,
      cell: (row) => <MetricValue value={row.value} />,
    },
    ...parameters,
    {
      id: "duration",
      header: t("duration"),
      width: 110,
      numeric: true,
      sortable: true,
      cell: (row) => <Duration from={row.started_at} to={row.ended_at} />,
    },
    { id: "started", header: t("started"), width: 140, cell: (row) => <TimeAgo at={row.started_at} /> },
  ];
}

function TrialLink({ row, isBest }: { row: SweepTrial; isBest: boolean }) {
  const { t } = useTranslation("sweeps");
  const workspace = useWorkspace();
  return (
    <Group gap={6} wrap="nowrap">
      <Anchor component={Link} to={path(workspace, "jobs", row.name)} fz="sm">
        {row.number}
      </Anchor>
      {isBest && <IconTrophy size={15} role="img" aria-label={t("bestTrial")} color="var(--mantine-color-yellow-7)" />}
    </Group>
  );
}

function State({ row }: { row: SweepTrial }) {
  const { t } = useTranslation("sweeps");
  return (
    <Group gap={6} wrap="nowrap" title={row.reason.split("\n", 1)[0]}>
      <StatusBadge status={row.status} />
      {row.stop_code === "EarlyTerminated" && (
        <Badge variant="outline" color="orange" tt="none" leftSection={<IconPlayerSkipForward size={12} aria-hidden />}>
          {t("stopped")}
        </Badge>
      )}
    </Group>
  );
}

function parameterText(value: unknown): string {
  if (value === undefined) return "—";
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
