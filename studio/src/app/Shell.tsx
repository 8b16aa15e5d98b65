import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, ScrollRestoration } from "react-router";
import { useLive } from "@/api/live";
import { Menus } from "@/app/Menus";
import { Navigation } from "@/app/Navigation";
import { Loading } from "@/components/Loading";
import { path, useWorkspace } from "@/lib/workspace";

/** The frame of every page: header, navigation, and the page itself. */
export function Shell() {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const [isOpen, { toggle, close }] = useDisclosure();
  const isLive = useLive(workspace);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className="skip-link" href="#content">
        {t("nav.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("nav.toggle")} />
            <Link to={path(workspace)} style={{ color: "inherit", textDecoration: "none" }}>
              <Group gap={8} wrap="nowrap">
                <img src="/studio/lapis.svg" alt="" width={26} height={26} />
                <Text fw={700}>Lapis</Text>
              </Group>
            </Link>
          </Group>
          <Menus />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar component="div">
        <Navigation onFollow={close} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {isLive && (
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        )}
        <ScrollRestoration getKey={({ key, pathname }) => `${key} ${pathname}`} />
      </AppShell.Main>
    </AppShell>
  );
}
