import { NavLink, ScrollArea, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { NAVIGATION, type NavEntry } from "@/app/nav";
import { path, useWorkspace } from "@/lib/workspace";

/** The list of nouns at the side; `onFollow` closes it on a narrow window. */
export function Navigation({ onFollow }: { onFollow: () => void }) {
  const { t } = useTranslation();
  return (
    <ScrollArea
      component="nav"
      aria-label={t("nav.label")}
      px="xs"
      py="xs"
      type="auto"
      viewportProps={{ tabIndex: -1 }}
    >
      {NAVIGATION.map((section) => (
        <div key={section.id}>
          {section.id !== "start" && (
            <Text size="xs" fw={600} c="dimmed" px="sm" pt="md" pb={4}>
              {t(`nav.section.${section.id}`)}
            </Text>
          )}
          {section.entries.map((entry) => (
            <Entry key={entry.id} entry={entry} onFollow={onFollow} />
          ))}
        </div>
      ))}
    </ScrollArea>
  );
}

function Entry({ entry, onFollow }: { entry: NavEntry; onFollow: () => void }) {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const parts = useLocation().pathname.split("/").slice(2, 4);
  const known = [entry.path, ...(entry.also ?? [])];
  const isHere = known.includes(parts[0] ?? "") || known.includes(parts.join("/"));
  const Icon = entry.icon;
  return (
    <NavLink
      component={Link}
      to={entry.path ? path(workspace, entry.path) : path(workspace)}
      label={t(`nav.${entry.id}`)}
      leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
      active={isHere}
      aria-current={isHere ? "page" : undefined}
      onClick={onFollow}
    />
  );
}
