import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { JobGlance } from "@/api/overview";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/home/home.module.css";
import { JobRow } from "@/pages/home/JobRow";
import { Section } from "@/pages/home/Section";

interface Props {
  title: string;
  jobs: JobGlance;
  /** Stands there when there are none. */
  nothing: string;
  isReasonShown?: boolean;
  /** They are but the latest of all jobs, so their number says nothing. */
  isOfAll?: boolean;
}

/** Some jobs, and how many more there are. */
export function JobSection({ title, jobs, nothing, isReasonShown = false, isOfAll = false }: Props) {
  const { t } = useTranslation("home");
  const workspace = useWorkspace();
  const more = jobs.total - jobs.value.length;
  return (
    <Section title={title} count={isOfAll ? undefined : jobs.total} noun={isOfAll ? "jobs" : undefined}>
      {jobs.value.length === 0 && (
        <Text size="sm" c="dimmed">
          {nothing}
        </Text>
      )}
      <ul className={classes.rows} aria-label={title}>
        {jobs.value.map((job) => (
          <JobRow key={job.name} job={job} isReasonShown={isReasonShown} />
        ))}
      </ul>
      {more > 0 && (
        <Anchor component={Link} to={path(workspace, "jobs")} fz="sm">
          {t("moreJobs", { count: more })}
        </Anchor>
      )}
    </Section>
  );
}
