import { ActionIcon, Group, Paper, Title } from "@mantine/core";
import { IconArrowsMaximize } from "@tabler/icons-react";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type CurveBody, type RunRow, toNumber } from "@/api/runs";
import { Chart } from "@/components/chart/Chart";
import { InView } from "@/pages/compare/InView";
import { barsOption, curvesOption, type Look } from "@/pages/compare/options";

const HEIGHT = 220;

interface Props {
  name: string;
  curves: CurveBody[];
  runs: RunRow[];
  look: Look;
  onEnlarge: () => void;
}

/** The chart of one metric: lines over the axis, or bars where no run has more than one value. */
export const CurveCard = memo(function CurveCard({ name, curves, runs, look, onEnlarge }: Props) {
  const { t } = useTranslation("compare");
  const isCurve = curves.some((curve) => curve.count > 1);
  const option = useMemo(
    () => (isCurve ? curvesOption(curves, runs, look) : barsOption(valuesOf(name, runs), runs, look.isLog)),
    [isCurve, curves, runs, look, name],
  );
  return (
    <Paper withBorder p="sm" miw={0}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} fz="sm" style={{ overflowWrap: "anywhere" }}>
          {name}
        </Title>
        {isCurve && (
          <ActionIcon variant="subtle" color="gray" onClick={onEnlarge} aria-label={t("enlarge", { name })}>
            <IconArrowsMaximize size={16} aria-hidden />
          </ActionIcon>
        )}
      </Group>
      <InView height={HEIGHT}>
        <Chart label={t("chart", { name, count: curves.length })} option={option} height={HEIGHT} />
      </InView>
    </Paper>
  );
}, isSame);

/** A look is made anew at every rendering; what counts is what it says. */
function isSame(one: Props, other: Props): boolean {
  const looks = [one, other].map(({ look }) => `${look.axis} ${look.isLog} ${look.smoothing}`);
  return one.curves === other.curves && one.runs === other.runs && one.name === other.name && looks[0] === looks[1];
}

function valuesOf(name: string, runs: RunRow[]): (number | null)[] {
  return runs.map((run) => {
    const value = run.metrics[name];
    return value === undefined ? null : toNumber(value);
  });
}
