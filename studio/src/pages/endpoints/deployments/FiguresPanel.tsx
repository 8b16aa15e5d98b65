import { Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Figures, useFigures } from "@/api/endpoints";
import { Chart } from "@/components/chart/Chart";
import type { ChartOption } from "@/components/chart/echarts";
import { ErrorBox } from "@/components/ErrorBox";
import { useNow } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";
import { lastOf, optionsOf } from "@/pages/endpoints/deployments/charts";
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
  const options = useMemo(() => {
    const words = { errors: t("errors"), waiting: t("figures.waiting"), underWay: t("figures.underWay") };
    return optionsOf(figures, now, words, language);
  }, [figures, now, t, language]);
  const whole = figures.endpoint;
  const load = whole.queued.map((one, index) => one + (whole.in_flight[index] ?? 0));
  const asRate = (value: number) => rate(value, language);
  const asPercent = (value: number) => percent(value, language);
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }} spacing="sm">
        <Panel title={t("figures.rate")} value={lastOf(whole.rate, asRate)} option={options.rate} />
        <Panel title={t("figures.latency")} value={lastOf(whole.p95, seconds)} option={options.latency} />
        <Panel title={t("figures.errors")} value={lastOf(whole.error_share, asPercent)} option={options.errors} />
        <Panel title={t("figures.load")} value={lastOf(load, asRate)} option={options.load} />
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
