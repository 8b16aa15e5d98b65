import { Group, Select, Switch, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { RunRow } from "@/api/runs";
import { Chart } from "@/components/chart/Chart";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";
import { type Dimension, dimensionsOf, type Line, tellingDimensions } from "@/pages/compare/model";
import { scatterOption } from "@/pages/compare/options";

/** Runs as points between two of their parameters and metrics; a click leads to the run. */
export function ScatterTab({ runs, lines }: { runs: RunRow[]; lines: Line[] }) {
  const { t } = useTranslation("compare");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const dimensions = useMemo(() => dimensionsOf(lines), [lines]);
  const usual = useMemo(() => usualPair(dimensions), [dimensions]);
  const [xId, setX] = useAddressState("sx", usual[0]);
  const [yId, setY] = useAddressState("sy", usual[1]);
  const [log, setLog] = useAddressState("slog", "");
  const x = dimensions.find(({ id }) => id === xId);
  const y = dimensions.find(({ id }) => id === yId);
  const option = useMemo(() => x && y && scatterOption(x, y, runs, log !== ""), [x, y, runs, log]);
  if (!x || !y || !option) return <Text c="dimmed">{t("noDimensions")}</Text>;
  return (
    <>
      <Group mb="md" align="end">
        <Choice label={t("horizontal")} dimensions={dimensions} value={x.id} onChange={setX} />
        <Choice label={t("vertical")} dimensions={dimensions} value={y.id} onChange={setY} />
        <Switch
          size="xs"
          mb={6}
          label={t("log")}
          checked={log !== ""}
          onChange={(event) => setLog(event.currentTarget.checked ? "yes" : "")}
        />
      </Group>
      <Chart
        label={t("scatterLabel", { x: x.label, y: y.label, count: runs.length })}
        option={option}
        height={480}
        onPick={({ dataIndex }) => {
          const run = runs[dataIndex];
          if (run) void navigate(path(workspace, "jobs", run.run_id));
        }}
      />
    </>
  );
}

/** A parameter that differs against a metric, where there are both. */
function usualPair(dimensions: Dimension[]): [string, string] {
  const telling = tellingDimensions(dimensions, dimensions.length).filter(({ isNumeric }) => isNumeric);
  const metrics = telling.filter(({ id }) => id.startsWith("metrics."));
  const first = telling[0] ?? dimensions[0];
  const second = metrics.find((one) => one !== first) ?? telling[1] ?? dimensions[1] ?? first;
  return [first?.id ?? "", second?.id ?? ""];
}

interface ChoiceProps {
  label: string;
  dimensions: Dimension[];
  value: string;
  onChange: (id: string) => void;
}

function Choice({ label, dimensions, value, onChange }: ChoiceProps) {
  return (
    <Select
      size="xs"
      label={label}
      data={dimensions.map((one) => ({ value: one.id, label: one.label }))}
      value={value}
      onChange={(id) => id && onChange(id)}
      searchable
      allowDeselect={false}
    />
  );
}
