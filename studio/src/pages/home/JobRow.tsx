import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "react-router";
import type { JobLine } from "@/api/overview";
import { StatusBadge } from "@/components/StatusBadge";
import { Duration, TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/home/home.module.css";

/** One job: what it is called, how it stands and for how long. */
export function JobRow({ job, isReasonShown }: { job: JobLine; isReasonShown: boolean }) {
  const workspace = useWorkspace();
  return (
    <li className={classes.row}>
      <div className={classes.line}>
        <Anchor component={Link} to={path(workspace, "jobs", job.name)} fz="sm" fw={500} className={classes.name}>
          {job.display_name}
        </Anchor>
        <StatusBadge status={job.status} />
      </div>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" className={classes.name}>
          {[job.experiment_name, job.compute].filter(Boolean).join(" · ")}
        </Text>
        <Text size="xs" c="dimmed" component="span" style={{ whiteSpace: "nowrap" }}>
          <When job={job} />
        </Text>
      </Group>
      {isReasonShown && job.reason && (
        <Text size="xs" className={classes.reason} title={job.reason}>
          {job.reason}
        </Text>
      )}
    </li>
  );
}

function When({ job }: { job: JobLine }) {
  if (job.ended_at) return <TimeAgo at={job.ended_at} />;
  return <Duration from={job.started_at ?? job.created_at} />;
}
