import { IconCodeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/components/EmptyState";
import { FileBrowser } from "@/components/files/FileBrowser";
import { codeOf } from "@/pages/jobs/files/code";
import type { Subject } from "@/pages/jobs/job/subject";

/** The code that a job ran, as it was when it was submitted. */
export default function CodeTab({ subject: { workspace, name, job } }: { subject: Subject }) {
  const { t } = useTranslation("files");
  const uri = codeOf(job);
  if (uri === null) return <EmptyState icon={IconCodeOff} title={t("job.noCode")} text={t("job.noCodeText")} />;
  return <FileBrowser source={{ workspace, uri, scope: [workspace, "codes", name] }} label={t("job.codeFiles")} />;
}
