import { Anchor, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Model, useModelChanges } from "@/api/models";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { KeyValues } from "@/components/KeyValues";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { StageBadge } from "@/pages/models/StageBadge";

/** What is known of all versions of a model together. */
export function Details({ model }: { model: Model }) {
  const { t } = useTranslation(["models", "common"]);
  const changes = useModelChanges(useWorkspace(), model.name);
  return (
    <Stack>
      <Stack gap="xs">
        <Title order={2}>{t("common:description")}</Title>
        <EditDescription text={model.description ?? ""} save={changes.describe} />
      </Stack>
      <Stack gap="xs" maw={820}>
        <Title order={2}>{t("common:properties")}</Title>
        <KeyValues
          label={t("common:properties")}
          pairs={[
            { label: t("versionCount"), value: model.versions },
            {
              label: t("common:tags"),
              value: <EditTags tags={model.tags} save={(given) => changes.setTags(given)} />,
            },
            { label: t("aliases"), value: <Named model={model} /> },
            { label: t("stages"), value: <Staged stages={model.stages} /> },
            { label: t("common:createdBy"), value: model.creation_context.created_by },
            { label: t("common:created"), value: <DateTime at={model.creation_context.created_at} /> },
            { label: t("common:modified"), value: <DateTime at={model.creation_context.last_modified_at} /> },
          ]}
        />
      </Stack>
    </Stack>
  );
}

function Named({ model }: { model: Model }) {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const pairs = Object.entries(model.labels);
  if (pairs.length === 0) return <span>—</span>;
  return (
    <Stack gap={2}>
      {pairs.map(([alias, version]) => (
        <span key={alias}>
          @{alias} →{" "}
          <Anchor component={Link} to={path(workspace, "models", model.name, version)} fz="sm" underline="always">
            {t("version", { version })}
          </Anchor>
        </span>
      ))}
    </Stack>
  );
}

function Staged({ stages }: { stages: Record<string, string> }) {
  const pairs = Object.entries(stages);
  if (pairs.length === 0) return <span>—</span>;
  return (
    <Stack gap={2} align="start">
      {pairs.map(([stage, version]) => (
        <StageBadge key={stage} stage={stage} of={version} />
      ))}
    </Stack>
  );
}
