import { ActionIcon, Button, Menu } from "@mantine/core";
import { useClipboard, useDisclosure } from "@mantine/hooks";
import {
  IconArchive,
  IconArchiveOff,
  IconBox,
  IconCopy,
  IconDots,
  IconPlayerStop,
  IconRefresh,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isOver, type Job, useJobVerb } from "@/api/jobs";
import { ConfirmButton } from "@/components/ConfirmButton";
import { RegisterModel } from "@/components/RegisterModel";
import { notifyOfError } from "@/lib/notify";
import { path } from "@/lib/workspace";
import { useEditing } from "@/pages/jobs/job/editing";
import type { Subject } from "@/pages/jobs/job/subject";

/** What can be done with a job or a run. */
export function Actions({ subject }: { subject: Subject }) {
  const { job } = subject;
  return (
    <>
      {job && !isOver(job) && <Cancel workspace={subject.workspace} job={job} />}
      {job && !job.parent_job_name && <Resubmit workspace={subject.workspace} job={job} />}
      <More subject={subject} />
    </>
  );
}

function Cancel({ workspace, job }: { workspace: string; job: Job }) {
  const { t } = useTranslation("job");
  const verb = useJobVerb(workspace, job.name);
  return (
    <ConfirmButton
      label={t("action.cancel")}
      question={t("action.cancelQuestion")}
      act={() => verb.mutateAsync("cancel")}
      leftSection={<IconPlayerStop size={14} aria-hidden />}
      disabled={job.status === "CancelRequested"}
    />
  );
}

function Resubmit({ workspace, job }: { workspace: string; job: Job }) {
  const { t } = useTranslation("job");
  return (
    <Button
      component={Link}
      to={`${path(workspace, "submit")}?from=${encodeURIComponent(job.name)}`}
      variant="default"
      size="xs"
      leftSection={<IconRefresh size={14} aria-hidden />}
    >
      {t("action.resubmit")}
    </Button>
  );
}

function More({ subject }: { subject: Subject }) {
  const { t } = useTranslation(["job", "common"]);
  const clipboard = useClipboard();
  const editing = useEditing(subject);
  const [isRegistering, { open, close }] = useDisclosure();
  const isArchived = subject.job?.archived ?? subject.run?.isArchived ?? false;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t("action.more")}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBox size={14} aria-hidden />} onClick={open}>
            {t("action.register")}
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={14} aria-hidden />} onClick={() => clipboard.copy(subject.name)}>
            {t("action.copyName")}
          </Menu.Item>
          <Menu.Item
            leftSection={isArchived ? <IconArchiveOff size={14} aria-hidden /> : <IconArchive size={14} aria-hidden />}
            onClick={() => void editing.archive(!isArchived).catch(notifyOfError)}
          >
            {isArchived ? t("common:restore") : t("common:archive")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RegisterModel job={subject.name} isOpen={isRegistering} onClose={close} />
    </>
  );
}
