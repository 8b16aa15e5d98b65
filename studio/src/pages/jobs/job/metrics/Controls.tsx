import { Group, SegmentedControl, Slider, Switch, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useAddressState } from "@/lib/address-state";
import type { Axis } from "@/pages/jobs/job/metrics/curves";
import type { CurveLook } from "@/pages/jobs/job/metrics/option";

const AXES: Axis[] = ["step", "time", "relative"];

/** How the curves are drawn, as the address says. */
export function useLook(): {
  look: CurveLook;
  find: string;
  set: Record<"axis" | "log" | "smooth" | "find", (v: string) => void>;
} {
  const [axis, setAxis] = useAddressState("x", "step");
  const [log, setLog] = useAddressState("log", "");
  const [smooth, setSmooth] = useAddressState("smooth", "0");
  const [find, setFind] = useAddressState("metric", "");
  const known = AXES.find((one) => one === axis) ?? "step";
  const look = { axis: known, isLog: log === "1", smoothing: Math.min(0.99, Math.max(0, Number(smooth) || 0)) };
  return { look, find, set: { axis: setAxis, log: setLog, smooth: setSmooth, find: setFind } };
}

interface Props {
  look: CurveLook;
  find: string;
  set: ReturnType<typeof useLook>["set"];
}

/** The controls above the curves. */
export function Controls({ look, find, set }: Props) {
  const { t } = useTranslation("job");
  return (
    <Group gap="lg">
      <TextInput
        size="xs"
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t("metrics.find")}
        aria-label={t("metrics.find")}
        value={find}
        onChange={(event) => set.find(event.currentTarget.value)}
      />
      <SegmentedControl
        size="xs"
        aria-label={t("metrics.axis")}
        data={AXES.map((value) => ({ value, label: t(`metrics.${value}`) }))}
        value={look.axis}
        onChange={set.axis}
      />
      <Switch
        size="sm"
        label={t("metrics.log")}
        checked={look.isLog}
        onChange={(event) => set.log(event.currentTarget.checked ? "1" : "")}
      />
      <Group gap="xs" wrap="nowrap">
        <Text size="sm" id="smoothing">
          {t("metrics.smoothing")}
        </Text>
        <Slider
          w={120}
          size="sm"
          min={0}
          max={0.99}
          step={0.01}
          value={look.smoothing}
          onChange={(value) => set.smooth(String(value))}
          thumbLabel={t("metrics.smoothing")}
        />
      </Group>
    </Group>
  );
}
