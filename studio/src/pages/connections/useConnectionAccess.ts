import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Access } from "@/components/access/kinds";
import { connectionAccess } from "@/pages/connections/access";

/** The types of connections, in groups that are named in the person's language. */
export function useConnectionAccess(): Access {
  const { t } = useTranslation("connections");
  return useMemo(
    () =>
      connectionAccess({
        usual: t("group.usual"),
        ai: t("group.ai"),
        azure: t("group.azure"),
        databases: t("group.databases"),
      }),
    [t],
  );
}
