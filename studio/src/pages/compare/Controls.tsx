import { Group, SegmentedControl, Slider, Switch, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { AXES, type useLook } from "@/pages/compare/useLook";

/** The controls above the curves. */
export function Controls({ look, find, setAxis, setLog, setSmooth, setFind }: ReturnType<typeof useLook>) {
  const { t } = useTranslation("compare");
  return (
    <Group gap="md" mb="md">
      <TextInput
        size="xs"
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t("findMetric")}
        aria-label={t("findMetric")}
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
      />
      <SegmentedControl
        size="xs"
        aria-label={t("axis")}
        data={AXES.map((value) => ({ value, label: t(`axes.${value}`) }))}
        value={look.axis}
        onChange={setAxis}
      />
      <Switch
        size="xs"
        label={t("log")}
        checked={look.isLog}
        onChange={(event) => setLog(event.currentTarget.checked ? "yes" : "")}
      />
      <Group gap="xs" wrap="nowrap">
        <Text size="xs">{t("smoothing")}</Text>
        <Slider
          w={140}
          size="sm"
          min={0}
          max={0.99}
          step={0.01}
          value={look.smoothing}
          onChange={(value) => setSmooth(String(value))}
          thumbLabel={t("smoothing")}
        />
      </Group>
    </Group>
  );
}
