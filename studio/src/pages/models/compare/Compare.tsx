import { Group, MultiSelect, Stack, Switch, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type MeasuredVersion, type Model, useCompared, useMeasured } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { chosenVersions, MOST_COMPARED } from "@/pages/models/compare/choice";
import { compare } from "@/pages/models/compare/differences";
import { MetricCharts } from "@/pages/models/compare/MetricCharts";
import { SideBySide } from "@/pages/models/compare/SideBySide";

/** Versions of a model side by side; the newest three until others are chosen. */
export function Compare({ model }: { model: Model }) {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const [chosen, choose] = useAddressState("versions", "");
  const [different, setDifferent] = useAddressState("different", "");
  const measured = useMeasured(workspace, model.name, "all");
  const known = useMemo(() => measured.data?.pages.flatMap((page) => page.value) ?? [], [measured.data]);
  const active = known.filter(({ archived }) => !archived || model.archived).map(({ version }) => version);
  const versions = chosenVersions(chosen, active);
  const compared = useCompared(workspace, model.name, versions);
  if (measured.isPending) return <Loading />;
  const error = measured.error ?? compared.error;
  return (
    <Stack>
      <Group align="end">
        <MultiSelect
          label={t("compare.versions")}
          data={[...new Set([...known.map(({ version }) => version), ...versions])]}
          value={versions}
          onChange={(names) => choose(names.join(","))}
          maxValues={MOST_COMPARED}
          searchable
          style={{ flex: "1 1 260px" }}
        />
        <Switch
          label={t("compare.different")}
          checked={different !== ""}
          onChange={(event) => setDifferent(event.currentTarget.checked ? "only" : "")}
          mb={8}
        />
      </Group>
      {error && <ErrorBox error={error} retry={() => void compared.refetch()} />}
      {versions.length === 0 && <Text c="dimmed">{t("compare.choose")}</Text>}
      {compared.data && <Tables versions={compared.data} model={model.name} onlyDifferent={different !== ""} />}
      <MetricCharts versions={known} />
    </Stack>
  );
}

interface TablesProps {
  versions: MeasuredVersion[];
  model: string;
  onlyDifferent: boolean;
}

function Tables({ versions, model, onlyDifferent }: TablesProps) {
  const { t } = useTranslation("models");
  const parts = useMemo(() => compare(versions), [versions]);
  const shown = parts
    .map((part) => ({ ...part, lines: part.lines.filter((line) => !onlyDifferent || line.isDifferent) }))
    .filter(({ lines }) => lines.length > 0);
  if (shown.length === 0) return <Text c="dimmed">{t("compare.same")}</Text>;
  return shown.map((part) => (
    <Stack key={part.kind} gap="xs">
      <Title order={2}>{t(`compare.kind.${part.kind}`)}</Title>
      <SideBySide part={part} versions={versions} model={model} />
    </Stack>
  ));
}
