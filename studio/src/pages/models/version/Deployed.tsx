import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DeployedVersion, type ModelVersion, useDeployed } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { StatusBadge } from "@/components/StatusBadge";
import { path, useWorkspace } from "@/lib/workspace";

/** The deployments that answer with a version now, or will. */
export function Deployed({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  const deployed = useDeployed(useWorkspace(), version.name);
  if (deployed.error) return <ErrorBox error={deployed.error} />;
  const places = (deployed.data ?? []).filter((one) => one.version === version.version);
  if (places.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("notDeployedText")}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      {places.map((place) => (
        <Place key={`${place.kind}/${place.endpoint}/${place.deployment}`} place={place} />
      ))}
    </Stack>
  );
}

function Place({ place }: { place: DeployedVersion }) {
  const { t } = useTranslation("models");
  const { kind, endpoint, deployment, state, serving, traffic } = place;
  const share = kind === "online" ? t("traffic", { share: traffic }) : traffic > 0 ? t("isDefault") : "";
  return (
    <Group gap="sm">
      <Anchor component={Link} to={path(useWorkspace(), `${kind}-endpoints`, endpoint)} fz="sm">
        {endpoint} / {deployment}
      </Anchor>
      {state && <StatusBadge status={state} />}
      <Text size="sm" c="dimmed">
        {t(kind)} · {serving ? share : t("becomes")}
      </Text>
    </Group>
  );
}
