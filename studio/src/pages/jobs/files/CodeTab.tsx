import { IconCodeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/components/EmptyState";
import { FileBrowser } from "@/components/files/FileBrowser";
import { codeOf, scriptOf } from "@/pages/jobs/files/code";
import type { Subject } from "@/pages/jobs/job/subject";

/** The code that a job ran, as it was when it was submitted. */
export default function CodeTab({ subject: { workspace, name, job } }: { subject: Subject }) {
  const { t } = useTranslation("files");
  const uri = codeOf(job);
  if (uri === null) return <EmptyState icon={IconCodeOff} title={t("job.noCode")} text={t("job.noCodeText")} />;
  const source = { workspace, uri, scope: [workspace, "codes", name] };
  return <FileBrowser source={source} label={t("job.codeFiles")} suggested={scriptOf(job)} />;
}
