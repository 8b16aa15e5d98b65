import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { type Connection, usePutConnection } from "@/api/connections";
import { AccessDialog } from "@/components/access/AccessDialog";
import { useWorkspace } from "@/lib/workspace";
import { connectionAccess } from "@/pages/connections/access";

/** Changes a connection; a secret that is left empty stays as it is. */
export function EditConnection({ connection }: { connection: Connection }) {
  const { t } = useTranslation("connections");
  const [isOpen, { open, close }] = useDisclosure();
  const put = usePutConnection(useWorkspace());
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {t("edit")}
      </Button>
      <AccessDialog
        title={t("editTitle", { name: connection.name })}
        access={connectionAccess}
        before={connection}
        isOpen={isOpen}
        onClose={close}
        taken={[]}
        act={(document) => put.mutateAsync(document)}
      />
    </>
  );
}
