import { Anchor, Badge, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isOver, type Job, useChildren } from "@/api/jobs";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { path } from "@/lib/workspace";
import { Actions } from "@/pages/jobs/job/head/Actions";
import { splitReason } from "@/pages/jobs/job/head/reason";
import type { Subject } from "@/pages/jobs/job/subject";

/** The head of a job's page: its state and why, what can be done, where it belongs, and what went wrong. */
export function JobHeader({ subject }: { subject: Subject }) {
  const { t } = useTranslation(["job", "common"]);
  const { workspace, name, job, run } = subject;
  const isArchived = job?.archived ?? run?.isArchived ?? false;
  return (
    <>
      <PageHeader
        title={job?.display_name || run?.name || name}
        crumbs={[{ label: t("common:nav.jobs"), to: path(workspace, "jobs") }]}
        mark={
          <>
            <StatusBadge status={job?.status ?? run?.status ?? ""} />
            {isArchived && <Badge variant="default">{t("head.archived")}</Badge>}
          </>
        }
        actions={<Actions subject={subject} />}
      />
      {job && <Reason job={job} />}
      {job && <Family workspace={workspace} job={job} />}
    </>
  );
}

function Family({ workspace, job }: { workspace: string; job: Job }) {
  const { t } = useTranslation("job");
  const children = useChildren(workspace, job.name);
  const count = children.data?.length ?? 0;
  if (!job.parent_job_name && count === 0) return null;
  const filter = new URLSearchParams({ filter: `tags.\`mlflow.parentRunId\` = '${job.name}'`, children: "yes" });
  const address = `${path(workspace, "jobs")}?${filter}`;
  return (
    <Group gap="lg" mb="sm">
      {job.parent_job_name && (
        <Text size="sm">
          {t("head.parent")}{" "}
          <Anchor component={Link} to={path(workspace, "jobs", job.parent_job_name)} fz="sm" underline="always">
            {job.parent_job_name}
          </Anchor>
          {job.step && ` (${t("head.step", { step: job.step })})`}
        </Text>
      )}
      {count > 0 && (
        <Anchor component={Link} to={address} fz="sm">
          {t("head.children")}: {count >= 100 ? "100+" : count}
        </Anchor>
      )}
    </Group>
  );
}

/** Why the job is in its state, where the state alone does not say it. */
function Reason({ job }: { job: Job }) {
  const { sentence } = splitReason(job.status_reason);
  if (job.status === "Completed" || sentence === `${job.status}.`) return null;
  if (job.type === "sweep" && !isOver(job)) return null; // its trials say how far it is
  return (
    <Text size="sm" mb="sm" role={isOver(job) ? undefined : "status"}>
      {sentence}
    </Text>
  );
}
