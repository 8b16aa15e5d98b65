import { Anchor, Badge, Group, Paper, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

interface Props {
  title: string;
  /** How many there are in all. */
  count?: number;
  /** The first part of the address of the page that has all of them. */
  noun?: "jobs" | "models" | "endpoints" | "compute";
  children: ReactNode;
}

/** A part of the home page. */
export function Section({ title, count, noun, children }: Props) {
  const { t } = useTranslation(["home", "common"]);
  const workspace = useWorkspace();
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Group gap="xs">
          <Title order={2} id={id}>
            {title}
          </Title>
          {count !== undefined && count > 0 && (
            <Badge variant="default" circle={count < 10}>
              {count}
            </Badge>
          )}
        </Group>
        {noun && (
          <Anchor
            component={Link}
            to={path(workspace, noun)}
            fz="sm"
            aria-label={t("allOf", { what: t(`common:nav.${noun}`) })}
          >
            {t("all")}
          </Anchor>
        )}
      </Group>
      {children}
    </Paper>
  );
}
