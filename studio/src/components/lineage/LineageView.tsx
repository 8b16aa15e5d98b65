import { Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { IconArrowsSplit } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type Lineage, type LineageStart, useLineage } from "@/api/lineage";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { LineageGraph } from "@/components/lineage/LineageGraph";
import { LineageTable } from "@/components/lineage/LineageTable";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";

const DEPTHS = ["1", "2", "4", "8"];

/** What something came from and what came of it: data, jobs, models and deployments, as a graph or as a list. */
export function LineageView({ start }: { start: LineageStart }) {
  const { t } = useTranslation("lineage");
  const [depth, setDepth] = useAddressState("depth", "4");
  const [form, setForm] = useAddressState("as", "graph");
  const levels = DEPTHS.includes(depth) ? Number(depth) : 4;
  const lineage = useLineage(useWorkspace(), start, levels);
  if (lineage.isPending) return <Loading />;
  if (!lineage.data) return <ErrorBox error={lineage.error} retry={() => void lineage.refetch()} />;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("form")}
          value={form}
          onChange={setForm}
          data={[
            { value: "graph", label: t("asGraph") },
            { value: "list", label: t("asList") },
          ]}
        />
        <Select
          size="xs"
          w={170}
          aria-label={t("depth")}
          value={String(levels)}
          onChange={(value) => setDepth(value ?? "4")}
          allowDeselect={false}
          data={DEPTHS.map((value) => ({ value, label: t("levels", { count: Number(value) }) }))}
        />
      </Group>
      <Found lineage={lineage.data} form={form} />
    </Stack>
  );
}

function Found({ lineage, form }: { lineage: Lineage; form: string }) {
  const { t } = useTranslation("lineage");
  if (lineage.edges.length === 0) {
    return <EmptyState icon={IconArrowsSplit} title={t("emptyTitle")} text={t("emptyText")} />;
  }
  return (
    <>
      {form === "list" ? <LineageTable lineage={lineage} /> : <LineageGraph lineage={lineage} />}
      {lineage.is_cut && (
        <Text size="sm" c="dimmed">
          {t("cut")}
        </Text>
      )}
    </>
  );
}
