import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useAssetChanges } from "@/api/assets";
import type { DataVersion } from "@/api/data";
import { Command } from "@/components/Command";
import { CopyButton } from "@/components/CopyButton";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { KeyValues } from "@/components/KeyValues";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** What is known of a version: where it lies, who made it and how a job takes it as input. */
export function Properties({ data }: { data: DataVersion }) {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  const changes = useAssetChanges(workspace, "data", data.name);
  const type = data.type ?? "uri_folder";
  return (
    <Stack gap="md" maw={900}>
      <EditDescription
        key={data.version}
        text={data.description ?? ""}
        save={(text) => changes.describe(text, data.version)}
      />
      <KeyValues
        label={t("common:properties")}
        pairs={[
          { label: t("common:type"), value: t(`type.${type}` as "type.uri_file", { defaultValue: type }) },
          { label: t("path"), value: data.path && <Path text={data.path} /> },
          {
            label: t("madeBy"),
            value: data.job_name && (
              <Anchor component={Link} to={path(workspace, "jobs", data.job_name)} fz="sm">
                {data.job_name}
              </Anchor>
            ),
          },
          {
            label: t("common:tags"),
            value: <EditTags tags={data.tags ?? {}} save={(given) => changes.setTags(given, data.version)} />,
          },
          { label: t("common:createdBy"), value: data.creation_context.created_by },
          { label: t("common:created"), value: <DateTime at={data.creation_context.created_at} /> },
          { label: t("common:modified"), value: <DateTime at={data.creation_context.last_modified_at} /> },
        ]}
      />
      <Title order={2}>{t("asInput")}</Title>
      <Command text={`inputs:\n  data:\n    type: ${type}\n    path: azureml:${data.name}:${data.version}`} />
    </Stack>
  );
}

function Path({ text }: { text: string }) {
  const { t } = useTranslation("data");
  return (
    <Group gap={4} wrap="nowrap">
      <Text size="sm" ff="monospace">
        {text}
      </Text>
      <CopyButton value={text} what={t("path")} />
    </Group>
  );
}
