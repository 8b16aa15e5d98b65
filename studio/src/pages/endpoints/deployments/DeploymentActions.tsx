import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { type Deployment, documentOf, type OnlineEndpoint, usePutDeployment, useRemove } from "@/api/endpoints";
import { ConfirmButton } from "@/components/ConfirmButton";
import { useWorkspace } from "@/lib/workspace";
import { DocumentDialog } from "@/pages/endpoints/DocumentDialog";

/** Changing and deleting a deployment. */
export function DeploymentActions({ endpoint, deployment }: { endpoint: OnlineEndpoint; deployment: Deployment }) {
  const { t } = useTranslation(["endpoints", "common"]);
  const workspace = useWorkspace();
  const put = usePutDeployment(workspace, endpoint.name);
  const remove = useRemove(workspace, endpoint.name, "deployments", deployment.name);
  const [isEditing, { open, close }] = useDisclosure();
  const { name } = deployment;
  return (
    <Group gap="xs">
      <Button size="compact-xs" variant="default" onClick={open} aria-label={t("editDeployment", { name })}>
        {t("edit")}
      </Button>
      <DocumentDialog
        title={t("editDeployment", { name })}
        document={documentOf(deployment)}
        isOpen={isEditing}
        onClose={close}
        act={(document) => put.mutateAsync({ name, document })}
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
