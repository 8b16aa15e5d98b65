import { Group, Paper, SimpleGrid, Stack, Text, Title, useComputedColorScheme } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type SweepTrials, useImportance } from "@/api/sweeps";
import { Chart, groundOf } from "@/components/chart/Chart";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { formatNumber } from "@/lib/format";
import { useWorkspace } from "@/lib/workspace";
import { bestOption, bestSoFar, COLOURS, importanceOption, parallelOption, results } from "@/pages/jobs/trials/charts";

/** The course of a sweep, its parameters against the metric, and which of them mattered. */
export function Charts({ sweep }: { sweep: SweepTrials }) {
  const { t } = useTranslation("sweeps");
  const found = useMemo(() => results(sweep), [sweep]);
  if (found.length === 0) return <Text c="dimmed">{t("noResult", { metric: sweep.metric })}</Text>;
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Best sweep={sweep} />
        <Importance sweep={sweep} count={found.length} />
      </SimpleGrid>
      <Parallel sweep={sweep} />
    </Stack>
  );
}

function Box({ title, legend, children }: { title: string; legend?: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p="sm" miw={0}>
      <Group justify="space-between" mb="xs">
        <Title order={2} fz="md">
          {title}
        </Title>
        {legend}
      </Group>
      {children}
    </Paper>
  );
}

function Best({ sweep }: { sweep: SweepTrials }) {
  const { t } = useTranslation("sweeps");
  const option = useMemo(() => bestOption(sweep, { best: t("best"), each: t("eachTrial") }), [sweep, t]);
  const values = results(sweep).map(({ value }) => value);
  const best = formatNumber(bestSoFar(values, sweep.maximize).at(-1) ?? Number.NaN);
  const label = t("bestChart", { metric: sweep.metric, value: best, count: values.length });
  return (
    <Box title={t("best")}>
      <Chart label={label} option={option} height={260} />
    </Box>
  );
}

function Parallel({ sweep }: { sweep: SweepTrials }) {
  const { t } = useTranslation("sweeps");
  const ground = groundOf(useComputedColorScheme("light"));
  const option = useMemo(() => parallelOption(sweep, ground), [sweep, ground]);
  return (
    <Box title={t("parallel", { metric: sweep.metric })} legend={<Scale />}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section style={{ overflowX: "auto" }} tabIndex={0} aria-label={t("parallel", { metric: sweep.metric })}>
        <div style={{ minWidth: Math.max(420, 110 * (sweep.parameters.length + 1)) }}>
          <Chart label={t("parallelChart", { metric: sweep.metric })} option={option} height={320} />
        </div>
      </section>
    </Box>
  );
}

/** What the colours of the lines mean. */
function Scale() {
  const { t } = useTranslation("sweeps");
  return (
    <Group gap={6} fz="xs" c="dimmed">
      {t("worst")}
      <span
        aria-hidden
        style={{ width: 90, height: 6, borderRadius: 3, background: `linear-gradient(90deg, ${COLOURS.join(", ")})` }}
      />
      {t("bestOfAll")}
    </Group>
  );
}

function Importance({ sweep, count }: { sweep: SweepTrials; count: number }) {
  const { t } = useTranslation("sweeps");
  const found = useImportance(useWorkspace(), sweep.name, count);
  const values = found.data?.values;
  const option = useMemo(() => importanceOption(values ?? []), [values]);
  if (!values) {
    return <Box title={t("importance")}>{found.error ? <ErrorBox error={found.error} /> : <Loading />}</Box>;
  }
  const spoken = values.map(({ name, importance }) => `${name} ${(importance * 100).toFixed(0)} %`).join(", ");
  return (
    <Box title={t("importance")}>
      <Text size="sm" c="dimmed" mb="xs">
        {values.length > 0 ? t("importanceOf", { count: found.data?.trials ?? 0 }) : t("importanceLater")}
      </Text>
      {values.length > 0 && (
        <Chart label={t("importanceChart", { values: spoken })} option={option} height={24 + 34 * values.length} />
      )}
    </Box>
  );
}
