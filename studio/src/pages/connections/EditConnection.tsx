import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { type Connection, usePutConnection } from "@/api/connections";
import { AccessDialog } from "@/components/access/AccessDialog";
import { useWorkspace } from "@/lib/workspace";
import { useConnectionAccess } from "@/pages/connections/useConnectionAccess";

/** Changes a connection; a secret that is left empty stays as it is. */
export function EditConnection({ connection }: { connection: Connection }) {
  const { t } = useTranslation("connections");
  const [isOpen, { open, close }] = useDisclosure();
  const put = usePutConnection(useWorkspace());
  const access = useConnectionAccess();
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {t("edit")}
      </Button>
      <AccessDialog
        title={t("editTitle", { name: connection.name })}
        access={access}
        before={connection}
        isOpen={isOpen}
        onClose={close}
        taken={[]}
        act={(document) => put.mutateAsync(document)}
      />
    </>
  );
}
