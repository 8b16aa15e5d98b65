import { Badge, Button, Code, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconStack2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import {
  type BatchDeployment,
  type BatchEndpoint,
  useBatchDeployments,
  usePutBatch,
  useRemoveBatch,
} from "@/api/batch";
import { documentOf } from "@/api/endpoints";
import { ConfirmButton } from "@/components/ConfirmButton";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import { TimeAgo } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";
import { AssetLink } from "@/pages/endpoints/AssetLink";
import { defaultOf } from "@/pages/endpoints/batch/BatchList";
import { DocumentDialog } from "@/pages/endpoints/DocumentDialog";
import { NewDocument } from "@/pages/endpoints/NewDocument";

/** What scores for a batch endpoint. */
export function BatchDeployments({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation("batch");
  const found = useBatchDeployments(useWorkspace(), endpoint.name);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (found.data.length === 0) {
    return (
      <EmptyState
        icon={IconStack2}
        title={t("noDeployments")}
        text={t("noDeploymentsText")}
        command={`lapis batch-deployment create -n default -e ${endpoint.name} -f deployment.yml --set-default`}
      >
        <New endpoint={endpoint} />
      </EmptyState>
    );
  }
  return (
    <Stack gap="sm">
      {found.data.map((deployment) => (
        <Card key={deployment.name} endpoint={endpoint} deployment={deployment} />
      ))}
      <Group>
        <New endpoint={endpoint} />
      </Group>
    </Stack>
  );
}

function New({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation(["batch", "endpoints"]);
  const put = usePutBatch(useWorkspace());
  const make = async (document: Record<string, unknown>) => {
    const name = String(document.name ?? "");
    if (!name) throw new Error(t("endpoints:noName"));
    await put.mutateAsync({ words: [endpoint.name, "deployments", name], document });
  };
  const example = { name: "default", model: "azureml:my-model:1", compute: "azureml:local" };
  return <NewDocument label={t("newDeployment")} document={example} act={make} />;
}

function Card({ endpoint, deployment }: { endpoint: BatchEndpoint; deployment: BatchDeployment }) {
  const { t } = useTranslation(["batch", "common"]);
  const isDefault = defaultOf(endpoint) === deployment.name;
  return (
    <Paper withBorder p="md" component="article" aria-label={deployment.name}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="xs" miw={0}>
            <Title order={2}>{deployment.name}</Title>
            <StatusBadge status={deployment.provisioning_state} />
            {isDefault && (
              <Badge variant="light" tt="none">
                {t("isDefault")}
              </Badge>
            )}
          </Group>
          <CardActions endpoint={endpoint} deployment={deployment} isDefault={isDefault} />
        </Group>
        <KeyValues
          label={deployment.name}
          pairs={[
            {
              label: t("kind"),
              value: t(`kinds.${deployment.type as "model"}`, { defaultValue: deployment.type ?? "" }),
            },
            { label: t("model"), value: textOf("models", deployment.model) },
            { label: t("compute"), value: textOf("compute", deployment.compute) },
            { label: t("common:description"), value: deployment.description },
            { label: t("common:modified"), value: <TimeAgo at={deployment.creation_context.last_modified_at} /> },
          ]}
        />
        {deployment.warnings.map((warning) => (
          <Text key={warning} size="sm" c="dimmed">
            {warning}
          </Text>
        ))}
      </Stack>
    </Paper>
  );
}

function textOf(noun: "models" | "compute", value: unknown) {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? <AssetLink noun={noun} reference={value} /> : <Code>{JSON.stringify(value)}</Code>;
}

interface ActionsProps {
  endpoint: BatchEndpoint;
  deployment: BatchDeployment;
  isDefault: boolean;
}

function CardActions({ endpoint, deployment, isDefault }: ActionsProps) {
  const { t } = useTranslation(["batch", "common"]);
  const workspace = useWorkspace();
  const { name } = deployment;
  const put = usePutBatch(workspace);
  const remove = useRemoveBatch(workspace, endpoint.name, "deployments", name);
  const [isEditing, { open, close }] = useDisclosure();
  const choose = () => {
    const document = { ...documentOf(endpoint), defaults: { ...endpoint.defaults, deployment_name: name } };
    put.mutate({ words: [endpoint.name], document });
  };
  return (
    <Group gap="xs">
      {!isDefault && (
        <Button size="compact-xs" variant="default" loading={put.isPending} onClick={choose}>
          {t("makeDefault")}
        </Button>
      )}
      <Button size="compact-xs" variant="default" onClick={open} aria-label={t("editDeployment", { name })}>
        {t("edit")}
      </Button>
      <DocumentDialog
        title={t("editDeployment", { name })}
        document={documentOf(deployment)}
        isOpen={isEditing}
        onClose={close}
        act={(document) => put.mutateAsync({ words: [endpoint.name, "deployments", name], document })}
      />
      <ConfirmButton
        size="compact-xs"
        label={t("common:delete")}
        aria-label={t("deleteDeployment", { name })}
        question={t("deleteDeploymentQuestion", { name })}
        act={remove}
      />
    </Group>
  );
}
