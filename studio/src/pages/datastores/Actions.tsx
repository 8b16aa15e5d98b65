import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Datastore, useMakeDefault, usePutDatastore } from "@/api/datastores";
import { listKey } from "@/api/keys";
import { useLeaving } from "@/api/live";
import { nativeAddress, remove } from "@/api/native";
import { AccessDialog } from "@/components/access/AccessDialog";
import { ConfirmButton } from "@/components/ConfirmButton";
import { path, useWorkspace } from "@/lib/workspace";
import { datastoreAccess } from "@/pages/datastores/access";

/** The datastores that every workspace has; they can't be changed. */
const OWN = ["workspaceblobstore", "workspaceartifactstore", "workspacefilestore", "workspaceworkingdirectory"];

/** What can be done with a datastore: make it the default, change it, delete it. */
export function Actions({ datastore }: { datastore: Datastore }) {
  return (
    <>
      {!datastore.is_default && <MakeDefault name={datastore.name} />}
      {!OWN.includes(datastore.name.toLowerCase()) && (
        <>
          <Edit datastore={datastore} />
          <Delete name={datastore.name} />
        </>
      )}
    </>
  );
}

function MakeDefault({ name }: { name: string }) {
  const { t } = useTranslation("datastores");
  const make = useMakeDefault(useWorkspace(), name);
  return (
    <ConfirmButton
      label={t("makeDefault")}
      question={t("makeDefaultQuestion", { name })}
      act={() => make.mutateAsync()}
      isHarmless
    />
  );
}

function Edit({ datastore }: { datastore: Datastore }) {
  const { t } = useTranslation("datastores");
  const put = usePutDatastore(useWorkspace());
  const [isOpen, { open, close }] = useDisclosure();
  const access = useMemo(() => datastoreAccess(t("type.local")), [t]);
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {t("edit")}
      </Button>
      <AccessDialog
        title={t("editTitle", { name: datastore.name })}
        access={access}
        before={datastore}
        isOpen={isOpen}
        onClose={close}
        taken={[]}
        act={(document) => put.mutateAsync(document)}
      />
    </>
  );
}

function Delete({ name }: { name: string }) {
  const { t } = useTranslation(["datastores", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const leave = useLeaving(workspace, "datastores", name);
  const drop = () =>
    leave(async () => {
      await remove(nativeAddress(workspace, "datastores", name));
      void queries.invalidateQueries({ queryKey: listKey(workspace, "datastores") });
      await navigate(path(workspace, "datastores"));
    });
  return <ConfirmButton label={t("common:delete")} question={t("deleteQuestion", { name })} act={drop} />;
}
