import { Alert, Anchor, Group, Stack, Text } from "@mantine/core";
import { IconPlayerStop, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Job } from "@/api/jobs";
import { path } from "@/lib/workspace";
import classes from "@/pages/jobs/job/head/head.module.css";
import { splitReason } from "@/pages/jobs/job/head/reason";
import { AnsiText } from "@/pages/jobs/job/log/AnsiText";

/** Why a job failed or was canceled: the sentence, the code, and the last lines that it wrote. */
export function Failure({ workspace, job }: { workspace: string; job: Job }) {
  const { t } = useTranslation("job");
  if (job.status !== "Failed" && job.status !== "Canceled") return null;
  const { sentence, lines } = splitReason(job.status_reason);
  const hasFailed = job.status === "Failed";
  return (
    <Alert
      color={hasFailed ? "red" : "gray"}
      icon={hasFailed ? <IconX aria-hidden /> : <IconPlayerStop aria-hidden />}
      title={hasFailed ? t("failure.title") : t("failure.canceled")}
    >
      <Stack gap="xs">
        <Text size="sm">{sentence}</Text>
        <Group gap="lg">
          <Text size="sm">{t("failure.code", { code: job.status_code })}</Text>
          {job.exit_code !== null && <Text size="sm">{t("failure.exitCode", { code: job.exit_code })}</Text>}
          <Anchor
            component={Link}
            to={`${path(workspace, "jobs", job.name)}?tab=log`}
            fz="sm"
            c="inherit"
            underline="always"
          >
            {t("failure.openLog")}
          </Anchor>
        </Group>
        {lines.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          <section className={classes.tail} tabIndex={0} aria-label={t("failure.lastLines")}>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text that does not change
              <div key={index}>
                <AnsiText text={line} />
              </div>
            ))}
          </section>
        )}
      </Stack>
    </Alert>
  );
}
