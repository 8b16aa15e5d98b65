import { Button, SimpleGrid, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CurveBody, type RunRow, useCurves } from "@/api/runs";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { Controls } from "@/pages/compare/Controls";
import { CurveCard } from "@/pages/compare/CurveCard";
import { CurveDialog } from "@/pages/compare/CurveDialog";
import { type Line, metricKeys } from "@/pages/compare/model";
import { useLook } from "@/pages/compare/useLook";

/** Charts that come first, and more of them at a time: as many as a usual window shows. */
const AT_ONCE = 9;
const NONE: CurveBody[] = [];

/** How many points of a curve are worth asking for: many runs share one chart. */
function pointsFor(runs: number): number {
  return Math.round(Math.max(60, Math.min(400, 8_000 / Math.max(1, runs))));
}

/** A chart for each metric, some at once; each can be enlarged, and then looked into. */
export function CurvesTab({ runs, lines }: { runs: RunRow[]; lines: Line[] }) {
  const { t } = useTranslation("compare");
  const workspace = useWorkspace();
  const control = useLook();
  const [large, setLarge] = useAddressState("chart", "", true);
  const [most, setMost] = useState(AT_ONCE);
  const found = metricKeys(lines).filter((key) => key.toLowerCase().includes(control.find.toLowerCase()));
  const keys = found.slice(0, most);
  const search = { runs: runs.map((run) => run.run_id), keys, x: control.look.axis, points: pointsFor(runs.length) };
  const curves = useCurves(workspace, search, keys.length > 0);
  const byKey = useMemo(() => groupByKey(curves.data ?? NONE), [curves.data]);
  if (metricKeys(lines).length === 0) return <Text c="dimmed">{t("noMetrics")}</Text>;
  return (
    <>
      <Controls {...control} />
      {curves.error && <ErrorBox error={curves.error} retry={() => void curves.refetch()} />}
      {curves.isPending && keys.length > 0 && <Loading />}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {keys
          .filter((key) => byKey.has(key))
          .map((key) => (
            <CurveCard
              key={key}
              name={key}
              curves={byKey.get(key) ?? NONE}
              runs={runs}
              look={control.look}
              onEnlarge={() => setLarge(key)}
            />
          ))}
      </SimpleGrid>
      {found.length > most && (
        <Button mt="md" variant="default" onClick={() => setMost(most + AT_ONCE)}>
          {t("moreCharts", { count: found.length - most })}
        </Button>
      )}
      {large && <CurveDialog name={large} runs={runs} look={control.look} onClose={() => setLarge("")} />}
    </>
  );
}

function groupByKey(curves: CurveBody[]): Map<string, CurveBody[]> {
  const groups = new Map<string, CurveBody[]>();
  for (const curve of curves) groups.set(curve.key, [...(groups.get(curve.key) ?? []), curve]);
  return groups;
}
