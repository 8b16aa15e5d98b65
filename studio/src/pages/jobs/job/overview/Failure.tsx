import { Alert, Anchor, Group, Stack, Text } from "@mantine/core";
import { IconPlayerStop, IconX } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Job } from "@/api/jobs";
import { path, useWorkspace } from "@/lib/workspace";
import { splitReason } from "@/pages/jobs/job/head/reason";
import { AnsiText } from "@/pages/jobs/job/log/AnsiText";
import classes from "@/pages/jobs/job/overview/failure.module.css";

/** Why a job failed or was canceled: the sentence, the code, and the last lines that it wrote. */
export function Failure({ job }: { job: Job }) {
  const { t } = useTranslation("job");
  const workspace = useWorkspace();
  if (job.status !== "Failed" && job.status !== "Canceled") return null;
  const { lines } = splitReason(job.status_reason);
  const hasFailed = job.status === "Failed";
  return (
    <Alert
      color={hasFailed ? "red" : "gray"}
      icon={hasFailed ? <IconX aria-hidden /> : <IconPlayerStop aria-hidden />}
      title={hasFailed ? t("failure.title") : t("failure.canceled")}
    >
      <Stack gap="xs">
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
        {lines.length > 0 && <Tail lines={lines} />}
      </Stack>
    </Alert>
  );
}

function Tail({ lines }: { lines: string[] }) {
  const { t } = useTranslation("job");
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section ref={box} className={classes.tail} tabIndex={0} aria-label={t("failure.lastLines")}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text that does not change
        <div key={index}>
          <AnsiText text={line} />
        </div>
      ))}
    </section>
  );
}
