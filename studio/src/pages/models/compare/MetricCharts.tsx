import { Paper, SimpleGrid, Stack, Title } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type MeasuredVersion, metricOf, ownMetrics } from "@/api/models";
import { Loading } from "@/components/Loading";

const Chart = lazy(() => import("@/components/chart/Chart").then((module) => ({ default: module.Chart })));

const MOST_CHARTS = 12;
const HEIGHT = 180;

/** How the metrics went from version to version: a small chart for each, the oldest at the left. */
export function MetricCharts({ versions }: { versions: MeasuredVersion[] }) {
  const { t } = useTranslation("models");
  const measured = useMemo(() => versions.filter(({ run }) => run !== null).reverse(), [versions]);
  const keys = [...new Set(measured.flatMap(({ run }) => ownMetrics(run).map(([key]) => key)))];
  if (measured.length < 2 || keys.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>{t("compare.charts")}</Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {keys
          .sort()
          .slice(0, MOST_CHARTS)
          .map((key) => (
            <Paper key={key} withBorder p="xs">
              <Title order={3} fz="sm">
                {key}
              </Title>
              <Suspense fallback={<Loading height={HEIGHT} />}>
                <MetricChart metric={key} versions={measured} />
              </Suspense>
            </Paper>
          ))}
      </SimpleGrid>
    </Stack>
  );
}

function MetricChart({ metric, versions }: { metric: string; versions: MeasuredVersion[] }) {
  const { t } = useTranslation("models");
  const option = useMemo(() => {
    const points = versions.map(({ version, run }) => [version, metricOf(run?.metrics[metric])] as const);
    const finite = points.map(([version, value]) => [version, Number.isFinite(value) ? value : null]);
    return {
      grid: { left: 8, right: 12, top: 12, bottom: 4 },
      tooltip: { trigger: "axis" as const },
      xAxis: { type: "category" as const, data: versions.map(({ version }) => version) },
      yAxis: { type: "value" as const, scale: true },
      series: [{ type: "line" as const, name: metric, data: finite, symbolSize: 7 }],
    };
  }, [metric, versions]);
  return <Chart label={t("compare.chartOf", { metric })} option={option} height={HEIGHT} />;
}
