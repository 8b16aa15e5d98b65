import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { DataVersion } from "@/api/data";
import { Command } from "@/components/Command";
import { CopyButton } from "@/components/CopyButton";
import { KeyValues } from "@/components/KeyValues";
import { Markdown } from "@/components/Markdown";
import { Tags } from "@/components/Tags";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** What is known of a version: where it lies, who made it and how a job takes it as input. */
export function Properties({ data }: { data: DataVersion }) {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  const type = data.type ?? "uri_folder";
  return (
    <Stack gap="md" maw={900}>
      {data.description && <Markdown text={data.description} />}
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
          { label: t("common:tags"), value: <Tags tags={data.tags} /> },
          { label: t("common:createdBy"), value: data.creation_context.created_by },
          { label: t("common:created"), value: <DateTime at={data.creation_context.created_at} /> },
          { label: t("common:modified"), value: <DateTime at={data.creation_context.last_modified_at} /> },
        ]}
      />
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
