import { Button, Menu } from "@mantine/core";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useWorkspaces } from "@/api/workspaces";
import { path, useWorkspace } from "@/lib/workspace";

/** Shows which workspace this is and leads to the others. */
export function WorkspaceMenu() {
  const { t } = useTranslation();
  const current = useWorkspace();
  const workspaces = useWorkspaces();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          maw={220}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={t("menu.workspace", { name: current })}
        >
          {current}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("menu.workspaces")}</Menu.Label>
        {(workspaces.data ?? []).map((name) => (
          <Menu.Item
            key={name}
            component={Link}
            to={path(name)}
            rightSection={name === current ? <IconCheck size={14} aria-hidden /> : null}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
