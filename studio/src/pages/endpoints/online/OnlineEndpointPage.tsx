import { Button, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { documentOf, type OnlineEndpoint, useEndpoint, usePutEndpoint, useRemove } from "@/api/endpoints";
import { ConfirmButton } from "@/components/ConfirmButton";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { Tabs } from "@/components/Tabs";
import { Tags } from "@/components/Tags";
import { path, useWorkspace } from "@/lib/workspace";
import { ConsumeTab } from "@/pages/endpoints/consume/ConsumeTab";
import { DocumentDialog } from "@/pages/endpoints/DocumentDialog";
import { DeploymentsTab } from "@/pages/endpoints/deployments/DeploymentsTab";
import { LogsTab } from "@/pages/endpoints/logs/LogsTab";
import { TestTab } from "@/pages/endpoints/test/TestTab";

/** One online endpoint: who answers, how well, how to try it and how to use it. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const endpoint = useEndpoint(workspace, name);
  if (endpoint.isPending) return <Loading />;
  if (endpoint.error) return <PageFault error={endpoint.error} retry={() => void endpoint.refetch()} />;
  return <Details endpoint={endpoint.data} />;
}

function Details({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation(["endpoints", "common"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={endpoint.name}
        crumbs={[{ label: t("title"), to: path(workspace, "endpoints") }]}
        mark={<StatusBadge status={endpoint.provisioning_state} />}
        actions={<Actions endpoint={endpoint} />}
      />
      {endpoint.provisioning_error && <ErrorBox error={new Error(endpoint.provisioning_error)} />}
      <About endpoint={endpoint} />
      <Tabs
        label={t("sections")}
        tabs={[
          { id: "deployments", label: t("deployments"), content: <DeploymentsTab endpoint={endpoint} /> },
          { id: "test", label: t("test.tab"), content: <TestTab endpoint={endpoint} /> },
          { id: "consume", label: t("consume.tab"), content: <ConsumeTab endpoint={endpoint} /> },
          { id: "logs", label: t("logs.tab"), content: <LogsTab endpoint={endpoint} /> },
        ]}
      />
    </>
  );
}

/** What people wrote about an endpoint, and what of it has no effect here. */
function About({ endpoint }: { endpoint: OnlineEndpoint }) {
  const hasTags = Object.keys(endpoint.tags).length > 0;
  if (!endpoint.description && !hasTags && endpoint.warnings.length === 0) return null;
  return (
    <Stack gap={6} mb="sm">
      {endpoint.description && <Text size="sm">{endpoint.description}</Text>}
      {hasTags && <Tags tags={endpoint.tags} />}
      {endpoint.warnings.map((warning) => (
        <Text key={warning} size="sm" c="dimmed">
          {warning}
        </Text>
      ))}
    </Stack>
  );
}

function Actions({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const remove = useRemove(workspace, endpoint.name);
  const put = usePutEndpoint(workspace, endpoint.name);
  const [isEditing, { open, close }] = useDisclosure();
  const act = async () => {
    await remove();
    await navigate(path(workspace, "endpoints"));
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {t("edit")}
      </Button>
      <DocumentDialog
        title={t("editEndpoint")}
        document={documentOf(endpoint)}
        isOpen={isEditing}
        onClose={close}
        act={(document) => put.mutateAsync(document)}
      />
      <ConfirmButton
        label={t("deleteEndpoint")}
        question={t("deleteEndpointQuestion", { name: endpoint.name })}
        act={act}
      />
    </>
  );
}
