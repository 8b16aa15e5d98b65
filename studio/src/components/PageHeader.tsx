import { Anchor, Breadcrumbs, Group, Stack, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export interface Crumb {
  label: string;
  to: string;
}

interface Props {
  title: string;
  /** The way here, without the page itself. */
  crumbs?: Crumb[];
  /** Stands beside the title: a status, a version. */
  mark?: ReactNode;
  /** Buttons. */
  actions?: ReactNode;
}

/** The head of every page: where it lies, its name, what can be done. Also names the browser's tab. */
export function PageHeader({ title, crumbs = [], mark, actions }: Props) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · Lapis`;
  }, [title]);
  return (
    <Stack gap={4} mb="md">
      {crumbs.length > 0 && (
        <Breadcrumbs
          component="nav"
          aria-label={t("nav.crumbs")}
          fz="sm"
          separatorMargin={6}
          styles={{ root: { flexWrap: "wrap" } }}
        >
          {crumbs.map((crumb) => (
            <Anchor key={crumb.to} component={Link} to={crumb.to} fz="sm">
              {crumb.label}
            </Anchor>
          ))}
        </Breadcrumbs>
      )}
      <Group justify="space-between" align="center" gap="sm">
        <Group gap="sm" miw={0}>
          <Title order={1}>{title}</Title>
          {mark}
        </Group>
        <Group gap="xs">{actions}</Group>
      </Group>
    </Stack>
  );
}
