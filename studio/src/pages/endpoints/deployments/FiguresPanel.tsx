import { Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Figures, useFigures } from "@/api/endpoints";
import { Chart } from "@/components/chart/Chart";
import type { ChartOption } from "@/components/chart/echarts";
import { ErrorBox } from "@/components/ErrorBox";
import { useNow } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";
import { last, rateLines, timeChart } from "@/pages/endpoints/deployments/charts";
import { percent, rate, seconds } from "@/pages/endpoints/online/numbers";

/** What the endpoint does: requests, latency, errors and load of the last quarter of an hour, live. */
export function FiguresPanel({ name }: { name: string }) {
  const { t } = useTranslation("endpoints");
  const figures = useFigures(useWorkspace(), name);
  return (
    <Stack gap="xs" component="section" aria-label={t("figures.title")}>
      <Title order={2}>{t("figures.title")}</Title>
      {figures.error && <ErrorBox error={figures.error} retry={() => void figures.refetch()} />}
      {figures.data && figures.data.endpoint.at.length > 0 ? (
        <Charts figures={figures.data} />
      ) : (
        <Text size="sm" c="dimmed">
          {t("figures.none")}
        </Text>
      )}
    </Stack>
  );
}

function Charts({ figures }: { figures: Figures }) {
  const { t, i18n } = useTranslation("endpoints");
  const now = useNow(15_000);
  const language = i18n.language;
  const whole = figures.endpoint;
  const look = useMemo(() => ({ now: Math.max(now, whole.at.at(-1) ?? 0) }), [now, whole]);
  const requests = useMemo(
    () =>
      timeChart(rateLines(figures.deployments), { ...look, write: (v) => rate(v, language), least: 1, stacked: true }),
    [figures, look, language],
  );
  const latency = useMemo(
    () =>
      timeChart(
        [
          { name: "p50", at: whole.at, values: whole.p50 },
          { name: "p95", at: whole.at, values: whole.p95 },
          { name: "p99", at: whole.at, values: whole.p99 },
        ],
        { ...look, write: seconds, least: 0.005 },
      ),
    [whole, look],
  );
  const errors = useMemo(
    () =>
      timeChart(
        [{ name: t("errors"), at: whole.at, values: whole.error_share.map((one) => one ?? 0), isFilled: true }],
        {
          ...look,
          write: (v) => percent(v, language),
          least: 0.05,
        },
      ),
    [whole, look, language, t],
  );
  const load = useMemo(
    () =>
      timeChart(
        [
          { name: t("figures.waiting"), at: whole.at, values: whole.queued },
          { name: t("figures.underWay"), at: whole.at, values: whole.in_flight },
        ],
        { ...look, write: (v) => rate(v, language), least: 4 },
      ),
    [whole, look, language, t],
  );
  const share = last(whole.error_share);
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }} spacing="sm">
        <Panel title={t("figures.rate")} value={rate(last(whole.rate), language)} option={requests} />
        <Panel title={t("figures.latency")} value={seconds(last(whole.p95))} option={latency} />
        <Panel title={t("figures.errors")} value={percent(share, language)} option={errors} />
        <Panel
          title={t("figures.load")}
          value={rate(last(whole.queued) + last(whole.in_flight), language)}
          option={load}
        />
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {t("figures.window")}
      </Text>
    </>
  );
}

function Panel({ title, value, option }: { title: string; value: string; option: ChartOption }) {
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fz="xl" fw={600} className="number" ta="left" data-figure={title}>
        {value}
      </Text>
      <Chart label={`${title}: ${value}`} option={option} height={130} />
    </Paper>
  );
}
