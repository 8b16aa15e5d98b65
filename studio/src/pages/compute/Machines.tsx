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
  const columns: Column<Machine>[] = [
    { id: "name", header: t("machine"), width: 220, cell: (row) => row.name },
    {
      id: "state",
      header: t("state"),
      width: 150,
      cell: (row) => <StatusBadge status={WORDS[row.state] ?? row.state} />,
    },
    { id: "cpus", header: t("cpus"), width: 110, numeric: true, cell: (row) => number(row.cpus) },
    { id: "gpus", header: t("gpus"), width: 90, numeric: true, cell: (row) => number(row.gpus) },
    {
      id: "memory",
      header: t("memory"),
      width: 130,
      numeric: true,
      cell: (row) => row.memory_mb !== null && `${number(row.memory_mb / 1024, 1)} GiB`,
    },
    { id: "load", header: t("load"), width: 110, numeric: true, cell: (row) => number(row.load, 2) },
    { id: "why", header: t("reason"), width: 360, cell: (row) => row.sentence },
  ];
  return (
    <Stack gap="xs">
      <Title order={2}>{t("machines")}</Title>
      {compute.state_sentence && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} role="status">
          <Text fz="sm">{compute.state_sentence}</Text>
        </Alert>
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
