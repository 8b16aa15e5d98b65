import { Button, SimpleGrid, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LatestMetric } from "@/api/run";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { CurveCard } from "@/pages/jobs/job/metrics/CurveCard";
import { useCurves } from "@/pages/jobs/job/metrics/curves";
import type { CurveLook } from "@/pages/jobs/job/metrics/option";

interface Props {
  title: string;
  workspace: string;
  id: string;
  metrics: LatestMetric[];
  look: CurveLook;
}

const AT_ONCE = 12;

/** The curves of metrics that have more than one point, a dozen at a time. */
export function Curves({ title, workspace, id, metrics, look }: Props) {
  const { t } = useTranslation("job");
  const [shown, setShown] = useState(AT_ONCE);
  const keys = metrics.slice(0, shown).map(({ key }) => key);
  const curves = useCurves(workspace, id, keys, look.axis);
  const wanted = new Set(keys);
  const drawn = (curves.data ?? []).filter(({ key, count }) => wanted.has(key) && count > 1);
  if (metrics.length === 0 || (curves.data && drawn.length === 0)) return null;
  return (
    <Stack gap="xs" component="section">
      <Title order={2}>{title}</Title>
      {curves.error && <ErrorBox error={curves.error} retry={() => void curves.refetch()} />}
      {curves.isPending && <Loading />}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {drawn.map((curve) => (
          <CurveCard key={curve.key} curve={curve} look={look} latest={metrics.find(({ key }) => key === curve.key)} />
        ))}
      </SimpleGrid>
      {metrics.length > shown && (
        <Button variant="default" size="xs" onClick={() => setShown(shown + AT_ONCE)} style={{ alignSelf: "start" }}>
          {t("metrics.more")}
        </Button>
      )}
    </Stack>
  );
}
