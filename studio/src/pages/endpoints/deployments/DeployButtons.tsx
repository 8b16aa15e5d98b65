import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconRocket } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type OnlineEndpoint, usePutDeployment } from "@/api/endpoints";
import { DeployModel } from "@/components/DeployModel";
import { useWorkspace } from "@/lib/workspace";
import { NewDocument } from "@/pages/endpoints/NewDocument";

const EXAMPLE = { name: "blue", model: "azureml:my-model:1", instance_count: 1 };

/** The ways to another deployment: a model in a few clicks, or any document. */
export function DeployButtons({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const put = usePutDeployment(useWorkspace(), endpoint.name);
  const [isOpen, { open, close }] = useDisclosure();
  const make = async (document: Record<string, unknown>) => {
    const name = String(document.name ?? "");
    if (!name) throw new Error(t("noName"));
    await put.mutateAsync({ name, document });
  };
  return (
    <Group>
      <Button size="xs" leftSection={<IconRocket size={14} aria-hidden />} onClick={open}>
        {t("deploy")}
      </Button>
      <DeployModel isOpen={isOpen} onClose={close} endpoint={endpoint.name} />
      <NewDocument label={t("newDeployment")} document={EXAMPLE} act={make} isQuiet />
    </Group>
  );
}
