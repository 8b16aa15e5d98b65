import { Select, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ANOTHER, type Source } from "@/components/models/use-source";

const TYPES = ["mlflow_model", "custom_model", "triton_model"] as const;

/** Asks where the files of a new version come from: what a job left, or a path. */
export function SourceFields({ source, asksForJob }: { source: Source; asksForJob: boolean }) {
  const { t } = useTranslation("models");
  const found = source.candidates ?? [];
  return (
    <>
      {asksForJob && (
        <TextInput
          label={t("register.job")}
          description={t("register.jobHint")}
          value={source.job}
          onChange={(event) => source.nameJob(event.currentTarget.value)}
        />
      )}
      {source.candidates?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("register.none")}
        </Text>
      )}
      {found.length > 0 && (
        <Select
          label={t("register.source")}
          data={[
            ...found.map(({ path, label }) => ({ value: path, label })),
            { value: ANOTHER, label: t("register.another") },
          ]}
          value={source.chosen}
          onChange={(value) => source.choose(value ?? ANOTHER)}
          allowDeselect={false}
        />
      )}
      {source.chosen === ANOTHER && <OwnPath source={source} />}
    </>
  );
}

function OwnPath({ source }: { source: Source }) {
  const { t } = useTranslation("models");
  return (
    <>
      <TextInput
        label={t("register.path")}
        description={t("register.pathHint")}
        value={source.own}
        onChange={(event) => source.write(event.currentTarget.value)}
        required
      />
      <Select
        label={t("register.type")}
        placeholder={t("register.recognized")}
        data={TYPES.map((value) => ({ value, label: t(`register.types.${value}`) }))}
        value={source.type}
        onChange={source.setType}
        clearable
        clearButtonProps={{ "aria-label": t("register.recognized") }}
      />
    </>
  );
}
