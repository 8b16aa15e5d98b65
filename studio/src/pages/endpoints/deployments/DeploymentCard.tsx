import { Alert, Anchor, Badge, Code, Group, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Deployment, OnlineEndpoint } from "@/api/endpoints";
import { KeyValues } from "@/components/KeyValues";
import { StatusBadge } from "@/components/StatusBadge";
import { Tags } from "@/components/Tags";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { AssetLink } from "@/pages/endpoints/AssetLink";
import { DeploymentActions } from "@/pages/endpoints/deployments/DeploymentActions";
import { Scale } from "@/pages/endpoints/deployments/Scale";
import { deploymentColour } from "@/pages/endpoints/online/TrafficBar";

interface Props {
  endpoint: OnlineEndpoint;
  deployment: Deployment;
  names: string[];
}

/** One deployment: state, replicas, what it serves, why it waits or failed, and what can be done with it. */
export function DeploymentCard({ endpoint, deployment, names }: Props) {
  const { t } = useTranslation("endpoints");
  const share = endpoint.traffic[deployment.name] ?? 0;
  return (
    <Paper withBorder p="md" component="article" aria-label={deployment.name}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="xs" miw={0}>
            <Title order={3}>{deployment.name}</Title>
            <StatusBadge status={deployment.provisioning_state} />
            <Badge variant="light" tt="none" color={share > 0 ? deploymentColour(names, deployment.name) : "gray"}>
              {t("traffic")}: {share} %
            </Badge>
          </Group>
          <DeploymentActions endpoint={endpoint} deployment={deployment} />
        </Group>
        <Progress deployment={deployment} endpoint={endpoint} />
        <Properties deployment={deployment} />
        <Scale endpoint={endpoint} deployment={deployment} />
      </Stack>
    </Paper>
  );
}

function Progress({ endpoint, deployment }: { endpoint: OnlineEndpoint; deployment: Deployment }) {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const logs = `${path(workspace, "online-endpoints", endpoint.name)}?tab=logs&deployment=${encodeURIComponent(deployment.name)}`;
  return (
    <>
      {deployment.provisioning_reason && (
        <Group gap="xs" wrap="nowrap" role="status">
          <Loader size="xs" aria-hidden />
          <Text size="sm">
            {t("waitsFor")}: {deployment.provisioning_reason}
          </Text>
        </Group>
      )}
      {deployment.provisioning_error && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t("failed")}>
          <Stack gap={6}>
            <Code
              block
              style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", maxHeight: 260, overflow: "auto" }}
              tabIndex={0}
            >
              {deployment.provisioning_error}
            </Code>
            <Anchor component={Link} to={logs} size="sm" c="inherit" underline="always">
              {t("lastLines")}
            </Anchor>
          </Stack>
        </Alert>
      )}
      {deployment.warnings.map((warning) => (
        <Text key={warning} size="sm" c="dimmed">
          {warning}
        </Text>
      ))}
    </>
  );
}

function Properties({ deployment }: { deployment: Deployment }) {
  const { t } = useTranslation(["endpoints", "common"]);
  const known = deployment.properties;
  const { ready, wanted } = deployment.replicas;
  const isAsleep = known["lapis.state"] === "zero";
  return (
    <KeyValues
      label={t("properties")}
      pairs={[
        { label: t("replicas"), value: isAsleep ? t("atZero") : t("replicasReady", { ready, wanted }) },
        {
          label: t("model"),
          value: known["lapis.model"] && <AssetLink noun="models" reference={known["lapis.model"]} />,
        },
        { label: t("description"), value: deployment.description },
        { label: t("acceleration"), value: known["lapis.acceleration"] === "off" ? null : known["lapis.acceleration"] },
        { label: t("restarts"), value: known["lapis.restarts"] === "0" ? null : known["lapis.restarts"] },
        {
          label: t("common:tags"),
          value: Object.keys(deployment.tags).length > 0 ? <Tags tags={deployment.tags} /> : null,
        },
        { label: t("common:modified"), value: <TimeAgo at={deployment.creation_context.last_modified_at} /> },
      ]}
    />
  );
}
