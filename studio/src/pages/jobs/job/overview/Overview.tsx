import { SimpleGrid, Stack, Title } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { EditDescription } from "@/components/EditDescription";
import { Loading } from "@/components/Loading";
import { yamlOf } from "@/pages/jobs/job/document";
import { useEditing } from "@/pages/jobs/job/editing";
import { Facts } from "@/pages/jobs/job/overview/Facts";
import { Failure } from "@/pages/jobs/job/overview/Failure";
import { Inputs } from "@/pages/jobs/job/overview/Inputs";
import { Outputs } from "@/pages/jobs/job/overview/Outputs";
import { Params } from "@/pages/jobs/job/overview/Params";
import { Timeline } from "@/pages/jobs/job/overview/Timeline";
import { Warnings } from "@/pages/jobs/job/overview/Warnings";
import type { Subject } from "@/pages/jobs/job/subject";

const CodeView = lazy(() => import("@/components/code/CodeView").then((code) => ({ default: code.CodeView })));

/** What a job is, how its time was spent, what it took and what it gave. */
export default function Overview({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const { workspace, job } = subject;
  const editing = useEditing(subject);
  return (
    <Stack gap="xl">
      {job && <Failure job={job} />}
      {job && <Warnings warnings={job.warnings} />}
      <EditDescription text={editing.description} save={editing.describe} />
      {job && <Timeline workspace={workspace} job={job} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl" verticalSpacing="xl">
        <Facts subject={subject} />
        <Stack gap="xl">
          <Inputs subject={subject} />
          <Outputs subject={subject} />
          <Params subject={subject} />
        </Stack>
      </SimpleGrid>
      {job && (
        <Stack gap="xs" component="section">
          <Title order={2}>{t("document.title")}</Title>
          <Suspense fallback={<Loading />}>
            <CodeView text={yamlOf(job)} name="job.yml" label={t("document.label")} />
          </Suspense>
        </Stack>
      )}
    </Stack>
  );
}
