import { Group, Paper, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { LatestMetric } from "@/api/run";
import { Chart } from "@/components/chart/Chart";
import { MetricValue } from "@/components/times";
import { formatNumber } from "@/lib/format";
import type { Curve } from "@/pages/jobs/job/metrics/curves";
import { type CurveLook, curveOption } from "@/pages/jobs/job/metrics/option";

interface Props {
  curve: Curve;
  look: CurveLook;
  latest: LatestMetric | undefined;
}

/** The curve of one metric with its latest value. */
export function CurveCard({ curve, look, latest }: Props) {
  const { t } = useTranslation("job");
  const option = useMemo(() => curveOption(curve, look), [curve, look]);
  const value = latest ? formatNumber(latest.value) : "";
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" wrap="nowrap" align="start">
        <Title order={3} fz="sm">
          {curve.key}
        </Title>
        <Text size="sm" fw={600} style={{ whiteSpace: "nowrap", flexShrink: 0 }}>
          <MetricValue value={latest?.value} />
        </Text>
      </Group>
      <Chart label={`${t("metrics.chart", { name: curve.key })}: ${value}`} option={option} height={200} />
    </Paper>
  );
}
