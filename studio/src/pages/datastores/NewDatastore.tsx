import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useDatastores, usePutDatastore } from "@/api/datastores";
import { AccessDialog } from "@/components/access/AccessDialog";
import { path, useWorkspace } from "@/lib/workspace";
import { datastoreAccess } from "@/pages/datastores/access";

/** Makes a datastore and opens its page. */
export function NewDatastore() {
  const { t } = useTranslation("datastores");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [isOpen, { open, close }] = useDisclosure();
  const there = useDatastores(workspace);
  const put = usePutDatastore(workspace);
  const access = useMemo(() => datastoreAccess(t("type.local")), [t]);
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
        {t("new")}
      </Button>
      <AccessDialog
        title={t("new")}
        access={access}
        isOpen={isOpen}
        onClose={close}
        taken={(there.data ?? []).map(({ name }) => name)}
        act={async (document) => {
          const made = await put.mutateAsync(document);
          await navigate(path(workspace, "datastores", made.name));
        }}
      />
    </>
  );
}
