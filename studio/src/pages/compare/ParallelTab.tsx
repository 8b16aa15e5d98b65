import { MultiSelect, Text, useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { RunRow } from "@/api/runs";
import { Chart, groundOf } from "@/components/chart/Chart";
import { useAddressState } from "@/lib/address-state";
import { dimensionsOf, type Line, tellingDimensions } from "@/pages/compare/model";
import { parallelOption } from "@/pages/compare/options";

const AT_FIRST = 7;

/** Runs as lines over several parameters and metrics. */
export function ParallelTab({ runs, lines }: { runs: RunRow[]; lines: Line[] }) {
  const { t } = useTranslation("compare");
  const scheme = useComputedColorScheme("light");
  const dimensions = useMemo(() => dimensionsOf(lines), [lines]);
  const usual = useMemo(
    () =>
      tellingDimensions(dimensions, AT_FIRST)
        .map(({ id }) => id)
        .join(","),
    [dimensions],
  );
  const [chosen, choose] = useAddressState("axes", usual);
  const shown = useMemo(() => {
    const ids = chosen.split(",");
    return dimensions.filter(({ id }) => ids.includes(id));
  }, [dimensions, chosen]);
  const option = useMemo(
    () => parallelOption(shown, runs, scheme === "dark" ? "#d0d4da" : "#333940", groundOf(scheme)),
    [shown, runs, scheme],
  );
  if (dimensions.length < 2) return <Text c="dimmed">{t("noDimensions")}</Text>;
  return (
    <>
      <MultiSelect
        size="xs"
        mb="md"
        label={t("dimensions")}
        data={dimensions.map((one) => ({ value: one.id, label: one.label }))}
        value={shown.map(({ id }) => id)}
        onChange={(ids) => choose(ids.join(","))}
        searchable
      />
      {shown.length < 2 ? (
        <Text c="dimmed">{t("twoDimensions")}</Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        <section style={{ overflowX: "auto" }} tabIndex={0} aria-label={t("tabs.parallel")}>
          <div style={{ minWidth: 110 * shown.length }}>
            <Chart
              label={t("parallelLabel", { names: shown.map(({ label }) => label).join(", "), count: runs.length })}
              option={option}
              height={480}
            />
          </div>
        </section>
      )}
    </>
  );
}
