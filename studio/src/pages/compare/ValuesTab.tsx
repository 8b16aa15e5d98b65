import { Group, Switch, Text } from "@mantine/core";
import { IconEqualNot } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { RunRow } from "@/api/runs";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { DateTime, Duration, MetricValue } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import type { Line } from "@/pages/compare/model";

/** A line of the table: a key of what the runs logged, or a property of the runs themselves. */
type Row = Line | { kind: "run"; key: "started" | "duration" | "experiment" | "user"; differs: boolean };

/** Parameters, metrics and tags side by side; what differs is marked. */
export function ValuesTab({ runs, lines }: { runs: RunRow[]; lines: Line[] }) {
  const { t } = useTranslation(["compare", "common"]);
  const [only, setOnly] = useAddressState("only", "");
  const rows = useMemo(() => [...ownRows(runs), ...lines], [runs, lines]);
  const shown = only ? rows.filter((row) => row.differs) : rows;
  const columns = useMemo(() => columnsOf(runs, (row) => <Head row={row} />, t("key"), t("kind"), t), [runs, t]);
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Switch
          size="xs"
          label={t("onlyDifferences")}
          checked={only !== ""}
          onChange={(event) => setOnly(event.currentTarget.checked ? "yes" : "")}
        />
        <Text size="sm" c="dimmed" role="status">
          {t("differences", { count: rows.filter((row) => row.differs).length })}
        </Text>
      </Group>
      <DataTable
        label={t("tabs.values")}
        columns={columns}
        rows={shown}
        rowKey={(row) => `${row.kind}.${row.key}`}
        empty={
          <Text c="dimmed" ta="center" py="xl">
            {t("same")}
          </Text>
        }
      />
    </>
  );
}

function ownRows(runs: RunRow[]): Row[] {
  const differs = (read: (run: RunRow) => unknown) => new Set(runs.map(read)).size > 1;
  return [
    { kind: "run", key: "experiment", differs: differs((run) => run.experiment_id) },
    { kind: "run", key: "user", differs: differs((run) => run.user) },
    { kind: "run", key: "started", differs: false },
    { kind: "run", key: "duration", differs: false },
  ];
}

function Head({ row }: { row: Row }) {
  const { t } = useTranslation("compare");
  const name = row.kind === "run" ? t(`own.${row.key}`) : row.key;
  return (
    <span title={name} style={{ fontWeight: row.differs ? 600 : 400 }}>
      {row.differs && (
        <IconEqualNot
          size={14}
          role="img"
          aria-label={t("differs")}
          color="var(--mantine-color-orange-filled)"
          style={{ marginRight: 4, verticalAlign: "-2px" }}
        />
      )}
      {name}
    </span>
  );
}

function columnsOf(
  runs: RunRow[],
  head: (row: Row) => React.ReactNode,
  keyName: string,
  kindName: string,
  t: (key: "kinds.params" | "kinds.metrics" | "kinds.tags" | "kinds.run") => string,
): Column<Row>[] {
  return [
    { id: "key", header: keyName, width: 220, cell: head },
    { id: "kind", header: kindName, width: 110, cell: (row) => <span>{t(`kinds.${row.kind}`)}</span> },
    ...runs.map((run, index) => ({
      id: run.run_id,
      header: run.name || run.run_id,
      width: 170,
      cell: (row: Row) => <Value row={row} run={run} index={index} />,
    })),
  ];
}

function Value({ row, run, index }: { row: Row; run: RunRow; index: number }) {
  if (row.kind !== "run") {
    const value = row.values[index] ?? null;
    if (typeof value === "number") return <MetricValue value={value} />;
    return <span title={value ?? undefined}>{value ?? "—"}</span>;
  }
  if (row.key === "started") return <DateTime at={run.start_time} />;
  if (row.key === "duration") return <Duration from={run.start_time} to={run.end_time} />;
  return <span>{row.key === "user" ? run.user : run.experiment_name}</span>;
}
