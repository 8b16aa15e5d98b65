import { SimpleGrid, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Mlmodel as Described, type ModelVersion, useMlmodel } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { Bytes } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";

/** What the `MLmodel` file says: facts, and the settings of each flavour. */
export function Mlmodel({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  const mlmodel = useMlmodel(useWorkspace(), version.name, version.version);
  if (mlmodel.isPending) return <Loading />;
  if (mlmodel.error) return <ErrorBox error={mlmodel.error} retry={() => void mlmodel.refetch()} />;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
      <Facts facts={mlmodel.data.facts} />
      {Object.entries(mlmodel.data.flavors).map(([name, settings]) => (
        <Stack key={name} gap="xs" miw={0}>
          <Title order={2}>{t("flavor", { name })}</Title>
          <KeyValues
            label={t("flavor", { name })}
            pairs={Object.entries(settings ?? {}).map(([label, value]) => ({ label, value: written(value) }))}
          />
        </Stack>
      ))}
    </SimpleGrid>
  );
}

function Facts({ facts }: { facts: Described["facts"] }) {
  const { t } = useTranslation("models");
  const pairs = Object.entries(facts).map(([key, value]) => ({
    label: t(`factNames.${key as "model_id"}`, { defaultValue: key }),
    value: key === "model_size_bytes" && typeof value === "number" ? <Bytes value={value} /> : written(value),
  }));
  return (
    <Stack gap="xs" miw={0}>
      <Title order={2}>{t("facts")}</Title>
      <KeyValues label={t("facts")} pairs={pairs} />
    </Stack>
  );
}

function written(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
