import { Badge, Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { useLeaving } from "@/api/live";
import { type Model, useModel, useModelChanges } from "@/api/models";
import { ConfirmButton } from "@/components/ConfirmButton";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { RegisterModel } from "@/components/RegisterModel";
import { Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { Compare } from "@/pages/models/compare/Compare";
import { Details } from "@/pages/models/model/Details";
import { Versions } from "@/pages/models/model/Versions";

/** One model: its versions, how they compare, and what is known of them together. */
export function Component() {
  const name = useParams().name ?? "";
  const model = useModel(useWorkspace(), name);
  if (model.isPending) return <Loading />;
  if (model.error) return <PageFault error={model.error} retry={() => void model.refetch()} />;
  return <Whole model={model.data} />;
}

function Whole({ model }: { model: Model }) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const tabs = [
    { id: "versions", label: t("versionsTab"), content: <Versions model={model} /> },
    { id: "compare", label: t("compareTab"), content: <Compare model={model} /> },
    { id: "details", label: t("detailsTab"), content: <Details model={model} /> },
  ];
  return (
    <>
      <PageHeader
        title={model.name}
        crumbs={[{ label: t("title"), to: path(workspace, "models") }]}
        mark={model.archived && <Badge color="gray">{t("isArchived")}</Badge>}
        actions={<Actions model={model} />}
      />
      <Tabs tabs={tabs} label={model.name} />
    </>
  );
}

function Actions({ model }: { model: Model }) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [isOpen, { open, close }] = useDisclosure();
  const changes = useModelChanges(workspace, model.name);
  const leave = useLeaving(workspace, "models", model.name);
  const remove = () =>
    leave(async () => {
      await changes.remove();
      await navigate(path(workspace, "models"));
    });
  return (
    <Group gap="xs">
      <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
        {t("register.newVersion")}
      </Button>
      {model.archived ? (
        <Button size="xs" variant="default" onClick={() => void changes.archive(false)}>
          {t("common:restore")}
        </Button>
      ) : (
        <ConfirmButton
          label={t("common:archive")}
          question={t("archiveModelQuestion", { name: model.name })}
          act={() => changes.archive(true)}
          isHarmless
        />
      )}
      <ConfirmButton
        label={t("common:delete")}
        question={t("deleteModelQuestion", { name: model.name })}
        act={remove}
      />
      <RegisterModel isOpen={isOpen} onClose={close} model={model.name} />
    </Group>
  );
}
