import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Firing } from "@/api/schedules";
import { StatusBadge } from "@/components/StatusBadge";
import { path, useWorkspace } from "@/lib/workspace";

/** What became of a firing: the state of its job, which is a link, or why there is none. */
export function Outcome({ firing }: { firing: Firing }) {
  const { t } = useTranslation("schedules");
  const workspace = useWorkspace();
  if (firing.job_name && firing.job_status) {
    return (
      <Anchor component={Link} to={path(workspace, "jobs", firing.job_name)} title={firing.job_name}>
        <StatusBadge status={firing.job_status} />
      </Anchor>
    );
  }
  return <Text size="sm">{t(`firing.${firing.state as "Failed"}`, { defaultValue: firing.state })}</Text>;
}
