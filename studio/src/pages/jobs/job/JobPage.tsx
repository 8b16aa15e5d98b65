import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { ApiError } from "@/api/errors";
import { useJob } from "@/api/jobs";
import { useRun } from "@/api/run";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { Tabs } from "@/components/Tabs";
import { useWorkspace } from "@/lib/workspace";
import { JobHeader } from "@/pages/jobs/job/head/JobHeader";
import type { Subject } from "@/pages/jobs/job/subject";
import { JOB_TABS } from "@/pages/jobs/job/tabs";

/** One job with its run, or one run that is no job: what it is, what it does, what came of it. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const job = useJob(workspace, name);
  const run = useRun(workspace, name);
  const isNoJob = job.error instanceof ApiError && job.error.status === 404;
  if (job.error && !(isNoJob && run.data)) {
    if (isNoJob && run.isPending) return <Loading />;
    return <ErrorBox error={job.error} retry={() => void job.refetch()} />;
  }
  if (job.isPending || run.isPending) return <Loading />; // without its run a job would seem to have logged nothing
  const isRunMissing = run.error instanceof ApiError && run.error.status === 404;
  return (
    <>
      {run.error && !isRunMissing && <ErrorBox error={run.error} retry={() => void run.refetch()} />}
      <Whole subject={{ workspace, name, job: job.data ?? null, run: run.data ?? null }} />
    </>
  );
}

function Whole({ subject }: { subject: Subject }) {
  const { t } = useTranslation();
  const tabs = JOB_TABS.filter(({ isFor }) => isFor?.(subject) ?? true).map(({ id, label, Content }) => ({
    id,
    label: label(t),
    content: (
      <Suspense fallback={<Loading />}>
        <Content subject={subject} />
      </Suspense>
    ),
  }));
  return (
    <>
      <JobHeader subject={subject} />
      <Tabs tabs={tabs} label={t("tabs.label", { ns: "job" })} />
    </>
  );
}
