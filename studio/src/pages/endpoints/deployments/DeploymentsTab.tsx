import { SimpleGrid, Stack, Title } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type Deployment, type OnlineEndpoint, useDeployments } from "@/api/endpoints";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useWorkspace } from "@/lib/workspace";
import { DeployButtons } from "@/pages/endpoints/deployments/DeployButtons";
import { DeploymentCard } from "@/pages/endpoints/deployments/DeploymentCard";
import { FiguresPanel } from "@/pages/endpoints/deployments/FiguresPanel";
import { TrafficEditor } from "@/pages/endpoints/deployments/TrafficEditor";

/** Who answers behind an endpoint, how it gets on, and how requests are shared out. */
export function DeploymentsTab({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const found = useDeployments(useWorkspace(), endpoint.name);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (found.data.length === 0) {
    return (
      <EmptyState
        icon={IconRocket}
        title={t("noDeployments")}
        text={t("noDeploymentsText")}
        command={`lapis online-deployment create -n blue -e ${endpoint.name} -f deployment.yml --all-traffic`}
      >
        <DeployButtons endpoint={endpoint} />
      </EmptyState>
    );
  }
  return <Whole endpoint={endpoint} deployments={found.data} />;
}

function Whole({ endpoint, deployments }: { endpoint: OnlineEndpoint; deployments: Deployment[] }) {
  const { t } = useTranslation("endpoints");
  const names = deployments.map(({ name }) => name);
  return (
    <Stack gap="lg">
      <FiguresPanel name={endpoint.name} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack gap="sm" component="section" aria-label={t("deployments")}>
          <Title order={2}>{t("deployments")}</Title>
          {deployments.map((deployment) => (
            <DeploymentCard key={deployment.name} endpoint={endpoint} deployment={deployment} names={names} />
          ))}
          <DeployButtons endpoint={endpoint} />
        </Stack>
        <div>
          <TrafficEditor endpoint={endpoint} names={names} />
        </div>
      </SimpleGrid>
    </Stack>
  );
}
