import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useJob } from "@/api/jobs";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { path, useWorkspace } from "@/lib/workspace";
import { yamlToResubmit } from "@/pages/jobs/job/document";
import { TEMPLATES, type TemplateId } from "@/pages/submit/templates";
import { Writing } from "@/pages/submit/Writing";

/** A new job: its document is written here, or begun from another job's or a template. */
export function Component() {
  const { t } = useTranslation(["submit", "common"]);
  const workspace = useWorkspace();
  const [params] = useSearchParams();
  const from = params.get("from") ?? "";
  const job = useJob(workspace, from);
  const template = params.get("template") ?? "command";
  const isKnown = template in TEMPLATES;
  const title = from ? t("resubmit", { name: job.data?.display_name ?? from }) : t("title");
  return (
    <>
      <PageHeader title={title} crumbs={[{ label: t("common:nav.jobs"), to: path(workspace, "jobs") }]} />
      {from && job.isPending && <Loading />}
      {from && job.error && <ErrorBox error={job.error} retry={() => void job.refetch()} />}
      {from && job.data && <Writing key={from} kind="job" workspace={workspace} begin={yamlToResubmit(job.data)} />}
      {!from && (
        <Writing
          key={template}
          kind="job"
          workspace={workspace}
          begin={TEMPLATES[isKnown ? (template as TemplateId) : "command"]}
          template={isKnown ? (template as TemplateId) : "command"}
        />
      )}
    </>
  );
}
