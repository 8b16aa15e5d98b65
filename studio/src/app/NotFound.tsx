import { Anchor, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

/** The page of an address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  return (
    <Stack align="start">
      <Title order={1}>{t("notFound.title")}</Title>
      <Text>{t("notFound.text")}</Text>
      <Anchor component={Link} to={path(workspace)}>
        {t("notFound.home")}
      </Anchor>
    </Stack>
  );
}
