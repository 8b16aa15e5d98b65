import { Alert, Modal, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Command } from "@/components/Command";
import { DeployForm } from "@/components/models/DeployForm";
import { type Chosen, ModelChoice } from "@/components/models/ModelChoice";

interface Props {
  isOpen: boolean;
  onClose: () => void;
  /** The version to deploy; left out: the person chooses one. */
  model?: Chosen;
  /** The endpoint to deploy to; left out: the person chooses or makes one. */
  endpoint?: string;
}

/** Deploys a model to an online endpoint in a few clicks, and opens the endpoint's page. */
export function DeployModel({ isOpen, onClose, ...given }: Props) {
  const { t } = useTranslation(["models", "common"]);
  const title = given.model ? t("deploy.title", { ...given.model }) : t("deploy.any");
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common:close") }}>
      <Content {...given} onClose={onClose} />
    </Modal>
  );
}

function Content({ model, endpoint, onClose }: Omit<Props, "isOpen">) {
  const [chosen, setChosen] = useState<Chosen | null>(model ?? null);
  return (
    <Stack>
      {!model && <ModelChoice chosen={chosen} onChoose={setChosen} />}
      {chosen && chosen.type === "mlflow_model" && (
        <DeployForm
          key={chosen.name}
          model={chosen.name}
          version={chosen.version}
          endpoint={endpoint}
          onClose={onClose}
        />
      )}
      {chosen && chosen.type !== "mlflow_model" && <NeedsCode />}
    </Stack>
  );
}

function NeedsCode() {
  const { t } = useTranslation("models");
  return (
    <Alert icon={<IconInfoCircle aria-hidden />} title={t("deploy.needsCode")}>
      <Stack gap="xs">
        <Text size="sm">{t("deploy.needsCodeHow")}</Text>
        <Command text="lapis online-deployment create -f deployment.yml --all-traffic" />
      </Stack>
    </Alert>
  );
}
