import { Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { stringify } from "yaml";
import { useAssetChanges } from "@/api/assets";
import type { ComponentVersion } from "@/api/components";
import { CodeView } from "@/components/code/CodeView";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { KeyValues } from "@/components/KeyValues";
import { DateTime } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";
import { DeclaredTable } from "@/pages/components/DeclaredTable";
import { Reference } from "@/pages/jobs/job/overview/Reference";

/** What a component takes and gives, what it runs, and in which environment. */
export function Interface({ component }: { component: ComponentVersion }) {
  const { t } = useTranslation(["components", "common"]);
  return (
    <Stack gap="lg">
      <Facts component={component} />
      <DeclaredTable title={t("inputs")} none={t("noInputs")} declared={component.inputs} hasDefaults />
      <DeclaredTable title={t("outputs")} none={t("noOutputs")} declared={component.outputs} />
      {component.command && (
        <Stack gap="xs">
          <Title order={2}>{t("command")}</Title>
          <CodeView text={component.command} name="command.sh" label={t("command")} />
        </Stack>
      )}
      {typeof component.environment === "object" && component.environment !== null && (
        <Stack gap="xs">
          <Title order={2}>{t("environment")}</Title>
          <CodeView text={stringify(component.environment)} name="environment.yml" label={t("environment")} />
        </Stack>
      )}
    </Stack>
  );
}

function Facts({ component }: { component: ComponentVersion }) {
  const { t } = useTranslation(["components", "common"]);
  const { environment, name, version } = component;
  const changes = useAssetChanges(useWorkspace(), "components", name);
  const described = (
    <EditDescription
      key={version}
      text={component.description ?? ""}
      save={(text) => changes.describe(text, version)}
    />
  );
  const tagged = (
    <EditTags key={version} tags={component.tags ?? {}} save={(given) => changes.setTags(given, version)} />
  );
  return (
    <KeyValues
      label={t("common:properties")}
      pairs={[
        { label: t("common:description"), value: described },
        { label: t("common:type"), value: component.type ?? "command" },
        {
          label: t("environment"),
          value: typeof environment === "string" && <Reference to={environment} kind="environments" />,
        },
        { label: t("deterministic"), value: component.is_deterministic === false ? t("no") : t("yes") },
        { label: t("common:tags"), value: tagged },
        { label: t("common:createdBy"), value: component.creation_context.created_by },
        { label: t("common:created"), value: <DateTime at={component.creation_context.created_at} /> },
      ].map((pair) => (pair.value === false ? { ...pair, value: null } : pair))}
    />
  );
}
