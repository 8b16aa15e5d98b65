import { Anchor, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ModelVersion, useModelChanges } from "@/api/models";
import { CopyButton } from "@/components/CopyButton";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { KeyValues } from "@/components/KeyValues";
import { DateTime } from "@/components/times";
import type { TagChanges } from "@/lib/tags";
import { path, useWorkspace } from "@/lib/workspace";
import { Deployed } from "@/pages/models/version/Deployed";
import { RunResults } from "@/pages/models/version/RunResults";

/** What a version is, how good its run was, and where it runs now. */
export function Overview({ version }: { version: ModelVersion }) {
  const { t } = useTranslation(["models", "common"]);
  const changes = useModelChanges(useWorkspace(), version.name);
  const describe = (description: string) =>
    changes.changeVersion(version.version, { description: description || null });
  return (
    <Stack gap="lg">
      <Part title={t("common:description")}>
        <EditDescription text={version.description ?? ""} save={describe} />
      </Part>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Part title={t("common:properties")}>
          <Facts version={version} />
        </Part>
        <Part title={t("deployedNow")}>
          <Deployed version={version} />
        </Part>
      </SimpleGrid>
      <RunResults version={version} />
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs" miw={0}>
      <Title order={2}>{title}</Title>
      {children}
    </Stack>
  );
}

function Facts({ version }: { version: ModelVersion }) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const changes = useModelChanges(workspace, version.name);
  const saveTags = (given: TagChanges) => changes.setTags(given, version.version);
  const job = version.job_name && (
    <Anchor component={Link} to={path(workspace, "jobs", version.job_name)} fz="sm">
      {version.job_name}
    </Anchor>
  );
  const flavors = Object.keys(version.flavors ?? {});
  return (
    <KeyValues
      label={t("common:properties")}
      pairs={[
        { label: t("common:type"), value: t(`register.types.${version.type as "mlflow_model"}`) },
        { label: t("flavors"), value: flavors.join(", ") },
        { label: t("job"), value: job },
        { label: t("common:tags"), value: <EditTags tags={version.tags} save={saveTags} /> },
        { label: t("path"), value: <Place path={version.path} /> },
        { label: t("common:createdBy"), value: version.creation_context.created_by },
        { label: t("common:created"), value: <DateTime at={version.creation_context.created_at} /> },
        { label: t("common:modified"), value: <DateTime at={version.creation_context.last_modified_at} /> },
      ]}
    />
  );
}

function Place({ path }: { path: string }) {
  const { t } = useTranslation("models");
  return (
    <Text span size="sm" style={{ overflowWrap: "anywhere" }}>
      {path} <CopyButton value={path} what={t("path")} />
    </Text>
  );
}
