import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil, IconRocket } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { itemKey } from "@/api/keys";
import { useLeaving } from "@/api/live";
import { type ModelVersion, useModel, useModelChanges } from "@/api/models";
import { ConfirmButton } from "@/components/ConfirmButton";
import { DeployModel } from "@/components/DeployModel";
import { path, useWorkspace } from "@/lib/workspace";
import { EditMarks } from "@/pages/models/model/EditMarks";

/** What can be done to a version: deploy, mark, archive, delete. */
export function Actions({ version }: { version: ModelVersion }) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [deploys, { open, close }] = useDisclosure();
  const changes = useModelChanges(workspace, version.name);
  const leave = useLeaving(workspace, "models", version.name);
  const remove = () =>
    leave(async () => {
      await changes.remove(version.version);
      await navigate(path(workspace, "models", version.name));
    }).then(() => queries.invalidateQueries({ queryKey: itemKey(workspace, "models", version.name) }));
  return (
    <Group gap="xs">
      <Button size="xs" leftSection={<IconRocket size={14} aria-hidden />} onClick={open}>
        {t("deploy.action")}
      </Button>
      <Marking version={version} />
      <Button
        size="xs"
        variant="default"
        onClick={() => void changes.archive(!version.archived, version.version)}
        aria-label={version.archived ? t("restoreVersion") : t("archiveVersion")}
      >
        {version.archived ? t("common:restore") : t("common:archive")}
      </Button>
      <ConfirmButton
        label={t("common:delete")}
        question={t("deleteVersionQuestion", { ...version })}
        act={remove}
        aria-label={t("deleteVersion")}
      />
      <DeployModel isOpen={deploys} onClose={close} model={version} />
    </Group>
  );
}

function Marking({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  const [isOpen, { open, close }] = useDisclosure();
  const model = useModel(useWorkspace(), version.name);
  const marked = { version: version.version, aliases: version.aliases ?? [], stage: version.stage ?? null };
  const known = { name: version.name, labels: model.data?.labels ?? {} };
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconPencil size={14} aria-hidden />} onClick={open}>
        {t("mark")}
      </Button>
      {isOpen && <EditMarks model={known} version={marked} onClose={close} />}
    </>
  );
}
