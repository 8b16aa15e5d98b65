import { Alert, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Compute, Machine } from "@/api/computes";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";

const WORDS: Record<string, string> = {
  idle: "Ready",
  running: "Running",
  unreachable: "NotResponding",
  down: "Failed",
};

/** The machines of an attached compute, and why one of them, or all, can't be had. */
export function Machines({ compute }: { compute: Compute }) {
  const { t, i18n } = useTranslation("compute");
  const number = (value: number | null, digits = 0) =>
    value === null ? "" : value.toLocaleString(i18n.language, { maximumFractionDigits: digits });
  const gibi = (megabytes: number | null) => (megabytes === null ? "" : `${number(megabytes / 1024, 1)} GiB`);
  const facts = Object.entries(compute.engine ?? {});
  const columns: Column<Machine>[] = [
    { id: "name", header: t("machine"), width: 190, cell: (row) => row.name },
    {
      id: "state",
      header: t("state"),
      width: 150,
      cell: (row) => <StatusBadge status={WORDS[row.state] ?? row.state} />,
    },
    { id: "cpus", header: t("cpus"), width: 100, numeric: true, cell: (row) => number(row.cpus) },
    { id: "load", header: t("load"), width: 80, numeric: true, cell: (row) => number(row.load, 2) },
    {
      id: "gpus",
      header: t("gpus"),
      width: 140,
      cell: (row) => <span title={row.gpu_kind}>{[number(row.gpus), row.gpu_kind].filter(Boolean).join(" × ")}</span>,
    },
    { id: "memory", header: t("memory"), width: 100, numeric: true, cell: (row) => gibi(row.memory_mb) },
    { id: "memoryFree", header: t("memoryFree"), width: 120, numeric: true, cell: (row) => gibi(row.memory_free_mb) },
    { id: "diskFree", header: t("diskFree"), width: 110, numeric: true, cell: (row) => gibi(row.disk_free_mb) },
    { id: "why", header: t("away"), width: 340, cell: (row) => <span title={row.sentence}>{row.sentence}</span> },
  ];
  return (
    <Stack gap="xs">
      <Title order={2}>{t("machines")}</Title>
      {compute.state_sentence && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} role="status">
          <Text fz="sm">{compute.state_sentence}</Text>
        </Alert>
      )}
      {facts.length > 0 && (
        <Text fz="sm" c="dimmed">
          {facts.map(([name, value]) => `${name}: ${value}`).join(" · ")}
        </Text>
      )}
      <DataTable
        label={t("machines")}
        columns={columns}
        rows={compute.nodes ?? []}
        rowKey={(row) => row.name}
        height="320px"
      />
    </Stack>
  );
}
