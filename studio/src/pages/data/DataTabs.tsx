import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

/** Data and datastores side by side, each with an address of its own. */
export function DataTabs({ current, children }: { current: "data" | "datastores"; children: ReactNode }) {
  const { t } = useTranslation(["data", "datastores"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  return (
    <Tabs value={current} onChange={(noun) => void navigate(path(workspace, noun ?? "data"))} keepMounted={false}>
      <Tabs.List aria-label={t("data:tabs")} mb="md">
        <Tabs.Tab value="data">{t("data:title")}</Tabs.Tab>
        <Tabs.Tab value="datastores">{t("datastores:title")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="data">{current === "data" && children}</Tabs.Panel>
      <Tabs.Panel value="datastores">{current === "datastores" && children}</Tabs.Panel>
    </Tabs>
  );
}
