import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type ComputeUse, useComputeUse } from "@/api/computes";
import { Chart } from "@/components/chart/Chart";
import type { ChartOption } from "@/components/chart/echarts";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";

const SPANS = ["1", "24", "168", "720"] as const;

/** How many nodes were in use and how many jobs waited, over the last hours or days. */
export function UseOverTime({ name }: { name: string }) {
  const { t } = useTranslation("compute");
  const [hours, setHours] = useAddressState("hours", "24");
  const asked = SPANS.find((span) => span === hours) ?? "24";
  const use = useComputeUse(useWorkspace(), name, Number(asked));
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label={t("span")}
        size="xs"
        value={asked}
        onChange={setHours}
        data={SPANS.map((value) => ({ value, label: t(`hours.${value}`) }))}
        style={{ alignSelf: "start" }}
      />
      {use.isPending && <Loading />}
      {use.error && <ErrorBox error={use.error} retry={() => void use.refetch()} />}
      {use.data && <UseChart use={use.data} />}
      {use.data && isShort(use.data, Number(asked)) && (
        <Text size="sm" c="dimmed">
          {t("useSince")}
        </Text>
      )}
    </Stack>
  );
}

function isShort(use: ComputeUse, hours: number): boolean {
  return use.step_ms * use.busy.length < 0.98 * hours * 3_600_000;
}

function UseChart({ use }: { use: ComputeUse }) {
  const { t } = useTranslation("compute");
  const option = useMemo<ChartOption>(() => {
    const since = Date.parse(use.since ?? "");
    const points = (values: number[]) => values.map((value, index) => [since + (index + 0.5) * use.step_ms, value]);
    const line = { type: "line" as const, step: "middle" as const, showSymbol: false };
    return {
      grid: { left: 44, right: 16, top: 36, bottom: 28 },
      legend: { top: 0 },
      tooltip: { trigger: "axis" },
      xAxis: { type: "time", axisLabel: { formatter: { day: "{M}/{d}" } } },
      yAxis: { type: "value", min: 0, max: ({ max }) => Math.max(max, use.capacity), minInterval: 1 },
      series: [
        { ...line, name: t("busy"), data: points(use.busy), areaStyle: { opacity: 0.25 }, color: "#3f6fd0" },
        { ...line, name: t("inLine"), data: points(use.waiting), lineStyle: { type: "dashed" }, color: "#e8590c" },
      ],
    };
  }, [use, t]);
  return <Chart label={t("useChart", { name: use.name })} option={option} height={340} />;
}
