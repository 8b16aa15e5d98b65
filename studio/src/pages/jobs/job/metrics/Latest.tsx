import { Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { LatestMetric } from "@/api/run";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { MetricValue, TimeAgo } from "@/components/times";

/** The latest value of each metric. */
export function Latest({ metrics }: { metrics: LatestMetric[] }) {
  const { t } = useTranslation("job");
  const columns: Column<LatestMetric>[] = [
    { id: "key", header: t("metrics.metric"), width: 280, cell: (row) => row.key },
    {
      id: "value",
      header: t("metrics.value"),
      width: 140,
      numeric: true,
      cell: (row) => <MetricValue value={row.value} />,
    },
    { id: "step", header: t("metrics.step"), width: 100, numeric: true, cell: (row) => String(row.step) },
    { id: "at", header: t("metrics.at"), width: 180, cell: (row) => <TimeAgo at={row.timestamp} /> },
  ];
  return (
    <Stack gap="xs" component="section">
      <Title order={2}>{t("metrics.latest")}</Title>
      <DataTable
        label={t("metrics.latest")}
        columns={columns}
        rows={metrics}
        rowKey={(row) => row.key}
        height="360px"
      />
    </Stack>
  );
}
