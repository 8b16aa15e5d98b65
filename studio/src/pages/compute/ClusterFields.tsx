import { Group, NumberInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** How many nodes a cluster has, and how long an idle one stays, seconds; empty is the server's own choice. */
export interface ClusterSize {
  min: number | string;
  max: number | string;
  idle: number | string;
}

/** The keys of a document that a size stands for. */
export function sizeKeys({ min, max, idle }: ClusterSize) {
  return {
    min_instances: Number(min),
    max_instances: Number(max),
    ...(idle === "" ? {} : { idle_time_before_scale_down: Number(idle) }),
  };
}

/** The size of a cluster. */
export function ClusterFields({ size, onChange }: { size: ClusterSize; onChange: (size: ClusterSize) => void }) {
  const { t } = useTranslation("compute");
  return (
    <>
      <Group grow align="start">
        <NumberInput
          label={t("minInstances")}
          required
          allowDecimal={false}
          min={0}
          max={Number(size.max) || 1000}
          value={size.min}
          onChange={(min) => onChange({ ...size, min })}
        />
        <NumberInput
          label={t("maxInstances")}
          required
          allowDecimal={false}
          min={1}
          max={1000}
          value={size.max}
          onChange={(max) => onChange({ ...size, max })}
        />
      </Group>
      <NumberInput
        label={t("idleTime")}
        allowDecimal={false}
        min={0}
        value={size.idle}
        onChange={(idle) => onChange({ ...size, idle })}
      />
    </>
  );
}
