import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { type BatchEndpoint, useBatchEndpoint, usePutBatch, useRemoveBatch } from "@/api/batch";
import { documentOf } from "@/api/endpoints";
import { ConfirmButton } from "@/components/ConfirmButton";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { BatchDeployments } from "@/pages/endpoints/batch/BatchDeployments";
import { BatchJobs } from "@/pages/endpoints/batch/BatchJobs";
import { Invoke } from "@/pages/endpoints/batch/Invoke";
import { DocumentDialog } from "@/pages/endpoints/DocumentDialog";

/** One batch endpoint: its deployments, and the jobs that its requests started. */
export function Component() {
  const workspace = useWorkspace();
  const endpoint = useBatchEndpoint(workspace, useParams().name ?? "");
  if (endpoint.isPending) return <Loading />;
  if (endpoint.error) return <PageFault error={endpoint.error} retry={() => void endpoint.refetch()} />;
  return <Details endpoint={endpoint.data} />;
}

function Details({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation(["batch", "endpoints"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={endpoint.name}
        crumbs={[
          { label: t("endpoints:title"), to: path(workspace, "endpoints") },
          { label: t("endpoints:batch"), to: `${path(workspace, "endpoints")}?tab=batch` },
        ]}
        mark={<StatusBadge status={endpoint.provisioning_state} />}
        actions={<Actions endpoint={endpoint} />}
      />
      <Tabs
        label={t("sections")}
        tabs={[
          { id: "jobs", label: t("jobs"), content: <BatchJobs endpoint={endpoint} /> },
          { id: "deployments", label: t("deployments"), content: <BatchDeployments endpoint={endpoint} /> },
        ]}
      />
    </>
  );
}

function Actions({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation("batch");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const remove = useRemoveBatch(workspace, endpoint.name);
  const put = usePutBatch(workspace);
  const [isEditing, { open, close }] = useDisclosure();
  const act = async () => {
    await remove();
    await navigate(`${path(workspace, "endpoints")}?tab=batch`);
  };
  return (
    <>
      <Invoke endpoint={endpoint} />
      <Button size="xs" variant="default" onClick={open}>
        {t("edit")}
      </Button>
      <DocumentDialog
        title={t("editEndpoint")}
        document={documentOf(endpoint)}
        isOpen={isEditing}
        onClose={close}
        act={(document) => put.mutateAsync({ words: [endpoint.name], document })}
      />
      <ConfirmButton
        label={t("deleteEndpoint")}
        question={t("deleteEndpointQuestion", { name: endpoint.name })}
        act={act}
      />
    </>
  );
}
