import { ActionIcon, Center, Group, Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import {
  IconBroadcast,
  IconBroadcastOff,
  IconCheck,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
  IconSunMoon,
  IconUser,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLiveState } from "@/api/live";
import { signOut, useSession } from "@/api/session";
import { Search } from "@/app/Search";
import { WorkspaceMenu } from "@/app/WorkspaceMenu";
import { changeLanguage, LANGUAGES } from "@/i18n";

/** The menus at the right of the header: workspace, live mark, language, colours, person. */
export function Menus() {
  return (
    <Group gap={4} wrap="nowrap">
      <Search />
      <WorkspaceMenu />
      <LiveMark />
      <LanguageMenu />
      <SchemeMenu />
      <PersonMenu />
    </Group>
  );
}

function LiveMark() {
  const { t } = useTranslation();
  const state = useLiveState();
  const Icon = state === "lost" ? IconBroadcastOff : IconBroadcast;
  const colour = state === "live" ? "teal" : state === "lost" ? "red" : "gray";
  return (
    <Tooltip label={t(`live.${state}`)}>
      <Center w={34} h={34} c={colour} role="status" aria-label={t(`live.${state}`)}>
        <Icon size={18} aria-hidden />
      </Center>
    </Tooltip>
  );
}

function LanguageMenu() {
  const { t, i18n } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("menu.language")}>
          <IconLanguage size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map(({ code, name }) => (
          <Menu.Item
            key={code}
            lang={code}
            onClick={() => void changeLanguage(code)}
            rightSection={i18n.language === code ? <IconCheck size={14} aria-hidden /> : null}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const SCHEMES = [
  { id: "light", icon: IconSun },
  { id: "dark", icon: IconMoon },
  { id: "auto", icon: IconSunMoon },
] as const;

function SchemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = SCHEMES.find(({ id }) => id === colorScheme)?.icon ?? IconSunMoon;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("menu.scheme")}>
          <Current size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(({ id, icon: Icon }) => (
          <Menu.Item
            key={id}
            leftSection={<Icon size={14} aria-hidden />}
            onClick={() => setColorScheme(id)}
            rightSection={colorScheme === id ? <IconCheck size={14} aria-hidden /> : null}
          >
            {t(`scheme.${id}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function PersonMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const leave = () => void signOut().then(() => window.location.assign("/studio"));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("menu.person")}>
          <IconUser size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.data?.name}</Menu.Label>
        <Menu.Label>Lapis {session.data?.version}</Menu.Label>
        <Menu.Item leftSection={<IconLogout size={14} aria-hidden />} onClick={leave}>
          {t("menu.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
