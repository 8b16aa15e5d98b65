import { Group, SegmentedControl, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type OnlineEndpoint, useDeployments } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { DeploymentSelect } from "@/pages/endpoints/DeploymentSelect";
import type { Container } from "@/pages/endpoints/logs/follow";
import { LogBox } from "@/pages/endpoints/logs/LogBox";
import { linesWith } from "@/pages/endpoints/logs/lines";
import { useLog } from "@/pages/endpoints/logs/use-log";

/** What the deployments write, as they write it. */
export function LogsTab({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const deployments = useDeployments(useWorkspace(), endpoint.name);
  const [chosen, choose] = useAddressState("deployment", "");
  const [container, setContainer] = useAddressState("container", "inference-server");
  if (deployments.isPending) return <Loading />;
  if (deployments.error) return <ErrorBox error={deployments.error} />;
  const names = deployments.data.map(({ name }) => name);
  const name = names.includes(chosen) ? chosen : busiest(names, endpoint.traffic);
  if (!name) return <Text c="dimmed">{t("logs.none")}</Text>;
  return (
    <Stack gap="sm">
      <Group align="end">
        <DeploymentSelect label={t("logs.of")} names={names} value={name} onChange={choose} />
        <SegmentedControl
          aria-label={t("logs.container")}
          value={container}
          onChange={setContainer}
          data={[
            { value: "inference-server", label: t("logs.server") },
            { value: "storage-initializer", label: t("logs.start") },
          ]}
        />
      </Group>
      <Live endpoint={endpoint.name} deployment={name} container={container as Container} />
    </Stack>
  );
}

function Live({ endpoint, deployment, container }: { endpoint: string; deployment: string; container: Container }) {
  const { t } = useTranslation("endpoints");
  const log = useLog(useWorkspace(), endpoint, deployment, container);
  const [isFollowed, setFollowed] = useState(true);
  const [word, setWord] = useState("");
  const shown = linesWith(log.lines, word);
  if (log.error) return <ErrorBox error={log.error} />;
  return (
    <>
      <Group>
        <TextInput
          size="xs"
          value={word}
          onChange={(event) => setWord(event.currentTarget.value)}
          placeholder={t("logs.search")}
          aria-label={t("logs.search")}
          w={{ base: "100%", xs: 240 }}
        />
        <Switch
          size="sm"
          checked={isFollowed}
          onChange={(event) => setFollowed(event.currentTarget.checked)}
          label={t("logs.follow")}
        />
        <Text size="sm" c="dimmed" role="status">
          {log.isLost ? t("logs.lost") : t("logs.lines", { count: shown.length })}
        </Text>
      </Group>
      <LogBox
        label={t("logs.label", { name: deployment })}
        lines={shown}
        isFollowed={isFollowed}
        onLeave={() => setFollowed(false)}
        empty={t("logs.empty")}
      />
    </>
  );
}

function busiest(names: string[], traffic: Record<string, number>): string {
  return [...names].sort((one, other) => (traffic[other] ?? 0) - (traffic[one] ?? 0))[0] ?? "";
}
