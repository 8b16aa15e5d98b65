import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Overview } from "@/api/overview";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/home/home.module.css";

/** The versions of models that were made last. */
export function ModelRows({ models }: { models: Overview["models"] }) {
  const { t } = useTranslation("home");
  const workspace = useWorkspace();
  if (models.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("noModels")}
      </Text>
    );
  }
  return (
    <ul className={classes.rows} aria-label={t("models")}>
      {models.map(({ name, version, created_at, created_by }) => (
        <li key={`${name}:${version}`} className={classes.row}>
          <div className={classes.line}>
            <Anchor component={Link} to={path(workspace, "models", name, version)} fz="sm" className={classes.name}>
              {name}:{version}
            </Anchor>
            <Text size="xs" c="dimmed" component="span" style={{ whiteSpace: "nowrap" }}>
              {created_by} · <TimeAgo at={created_at} />
            </Text>
          </div>
        </li>
      ))}
    </ul>
  );
}
