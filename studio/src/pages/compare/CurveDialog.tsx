import { Button, Group, Modal, NumberInput, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CurveBody, type RunRow, useCurves } from "@/api/runs";
import { Chart } from "@/components/chart/Chart";
import type { ChartOption } from "@/components/chart/echarts";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";
import { curvesOption, type Look } from "@/pages/compare/options";

const POINTS = 2_000;
const IN_ALL = 60_000;
const NONE: CurveBody[] = [];

interface Props {
  name: string;
  runs: RunRow[];
  look: Look;
  onClose: () => void;
}

/** One metric as large as the window; a part of it, chosen by wheel or by keyboard, comes with all its points. */
export function CurveDialog({ name, runs, look, onClose }: Props) {
  const { t } = useTranslation(["compare", "common"]);
  const workspace = useWorkspace();
  const [window, setWindow] = useState<{ start?: number; end?: number }>({});
  const points = Math.round(Math.max(60, Math.min(POINTS, IN_ALL / Math.max(1, runs.length))));
  const search = { runs: runs.map((run) => run.run_id), keys: [name], x: look.axis, points, ...window };
  const curves = useCurves(workspace, search);
  const data = curves.data ?? NONE;
  const option = useMemo<ChartOption>(
    () => ({ ...curvesOption(data, runs, look, window), dataZoom: [{ type: "inside", filterMode: "none" }] }),
    [data, runs, look, window],
  );
  const isTime = look.axis === "time";
  return (
    <Modal opened onClose={onClose} title={name} size="95vw" closeButtonProps={{ "aria-label": t("common:close") }}>
      {curves.error && <ErrorBox error={curves.error} retry={() => void curves.refetch()} />}
      <Chart label={t("chart", { name, count: data.length })} option={option} height={460} onZoom={setWindow} />
      <Group align="end" gap="sm" mt="sm">
        {!isTime && (
          <>
            <Bound label={t("from")} value={window.start} onChange={(start) => setWindow({ ...window, start })} />
            <Bound label={t("to")} value={window.end} onChange={(end) => setWindow({ ...window, end })} />
          </>
        )}
        <Button size="xs" variant="default" onClick={() => setWindow({})}>
          {t("whole")}
        </Button>
        <Text size="xs" c="dimmed" role="status">
          {t("points", { shown: shownOf(data), count: data.reduce((sum, curve) => sum + curve.count, 0) })}
        </Text>
      </Group>
    </Modal>
  );
}

function shownOf(curves: CurveBody[]): number {
  return curves.reduce((sum, curve) => sum + curve.x.length, 0);
}

interface BoundProps {
  label: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

function Bound({ label, value, onChange }: BoundProps) {
  return (
    <NumberInput
      size="xs"
      w={140}
      label={label}
      value={value ?? ""}
      onChange={(text) => onChange(typeof text === "number" ? text : undefined)}
      hideControls
    />
  );
}
