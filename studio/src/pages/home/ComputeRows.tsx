import { Anchor, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ComputeLine } from "@/api/computes";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/home/home.module.css";

/** Computes: how many nodes are in use and who waits. */
export function ComputeRows({ lines }: { lines: ComputeLine[] }) {
  const { t } = useTranslation("home");
  const workspace = useWorkspace();
  return (
    <ul className={classes.rows} aria-label={t("computes")}>
      {lines.map((line) => (
        <li key={line.name} className={classes.row}>
          <div className={classes.line}>
            <Anchor component={Link} to={path(workspace, "compute", line.name)} fz="sm" className={classes.name}>
              {line.name}
            </Anchor>
            <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              {t("nodes", line)}
              {line.waiting > 0 && ` · ${t("inLine", { count: line.waiting })}`}
            </Text>
          </div>
          <Progress
            size="sm"
            value={(100 * line.busy) / Math.max(1, line.capacity)}
            aria-label={t("nodesInUse", { name: line.name })}
          />
        </li>
      ))}
    </ul>
  );
}
