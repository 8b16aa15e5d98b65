import { SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type ModelVersion, metricOf, ownMetrics, useCompared } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { MetricValue } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";

/** Metrics and parameters of the run that made a version. */
export function RunResults({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  const measured = useCompared(useWorkspace(), version.name, [version.version]);
  if (measured.isPending) return <Loading />;
  if (measured.error) return <ErrorBox error={measured.error} />;
  const run = measured.data[0]?.run ?? null;
  if (run === null) return <Text c="dimmed">{t("noRun")}</Text>;
  const metrics = ownMetrics(run);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
      <Results
        title={t("metrics")}
        head={t("metric")}
        empty={t("noMetrics")}
        rows={metrics.map(([key, value]) => ({ key, cell: <MetricValue value={metricOf(value)} /> }))}
        isNumeric
      />
      <Results
        title={t("params")}
        head={t("param")}
        empty={t("noParams")}
        rows={Object.entries(run.params).map(([key, cell]) => ({ key, cell }))}
      />
    </SimpleGrid>
  );
}

interface ResultsProps {
  title: string;
  head: string;
  empty: string;
  rows: { key: string; cell: React.ReactNode }[];
  isNumeric?: boolean;
}

function Results({ title, head, empty, rows, isNumeric }: ResultsProps) {
  const { t } = useTranslation("models");
  return (
    <Stack gap="xs" miw={0}>
      <Title order={2}>{title}</Title>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      ) : (
        <Table withTableBorder layout="fixed" aria-label={title} style={{ overflowWrap: "anywhere" }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{head}</Table.Th>
              <Table.Th ta={isNumeric ? "right" : "left"}>{t("value")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ key, cell }) => (
              <Table.Tr key={key}>
                <Table.Td>{key}</Table.Td>
                <Table.Td ta={isNumeric ? "right" : "left"}>{cell}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}
