import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useConnections, usePutConnection } from "@/api/connections";
import { AccessDialog } from "@/components/access/AccessDialog";
import { path, useWorkspace } from "@/lib/workspace";
import { connectionAccess } from "@/pages/connections/access";

/** Makes a connection and opens its page. */
export function NewConnection() {
  const { t } = useTranslation("connections");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [isOpen, { open, close }] = useDisclosure();
  const there = useConnections(workspace);
  const put = usePutConnection(workspace);
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
        {t("new")}
      </Button>
      <AccessDialog
        title={t("new")}
        access={connectionAccess}
        isOpen={isOpen}
        onClose={close}
        taken={(there.data ?? []).map(({ name }) => name)}
        act={async (document) => {
          const made = await put.mutateAsync(document);
          await navigate(path(workspace, "connections", made.name));
        }}
      />
    </>
  );
}
