import { SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Overview, useOverview } from "@/api/overview";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { useWorkspace } from "@/lib/workspace";
import { ComputeRows } from "@/pages/home/ComputeRows";
import { EmptyHome } from "@/pages/home/EmptyHome";
import { EndpointRows } from "@/pages/home/EndpointRows";
import { JobSection } from "@/pages/home/JobSection";
import { ModelRows } from "@/pages/home/ModelRows";
import { Section } from "@/pages/home/Section";
import { ServerFacts } from "@/pages/home/ServerFacts";

/** What runs, what waits and why, what failed; endpoints, computes, models and the server at a glance. */
export function Component() {
  const { t } = useTranslation("home");
  const overview = useOverview(useWorkspace());
  return (
    <>
      <PageHeader title={t("title")} />
      {overview.isPending && <Loading />}
      {overview.error && <ErrorBox error={overview.error} retry={() => void overview.refetch()} />}
      {overview.data && <Sections overview={overview.data} />}
    </>
  );
}

function Sections({ overview }: { overview: Overview }) {
  const { t } = useTranslation("home");
  const isEmpty = overview.latest.total === 0 && overview.models.length === 0 && overview.endpoints.length === 0;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
      <Stack gap="md">{isEmpty ? <EmptyHome /> : <JobSections overview={overview} />}</Stack>
      <Stack gap="md">
        <Section title={t("endpoints")} noun="endpoints">
          <EndpointRows endpoints={overview.endpoints} />
        </Section>
        <Section title={t("computes")} noun="compute">
          <ComputeRows lines={overview.computes} />
        </Section>
        <Section title={t("models")} noun="models">
          <ModelRows models={overview.models} />
        </Section>
        <Section title={t("server")}>
          <ServerFacts server={overview.server} />
        </Section>
      </Stack>
    </SimpleGrid>
  );
}

function JobSections({ overview }: { overview: Overview }) {
  const { t } = useTranslation("home");
  return (
    <>
      <JobSection title={t("running")} jobs={overview.running} nothing={t("nothingRunning")} />
      <JobSection title={t("waiting")} jobs={overview.waiting} nothing={t("nothingWaiting")} isReasonShown />
      <JobSection title={t("failed")} jobs={overview.failed} nothing={t("nothingFailed")} isReasonShown />
      <JobSection title={t("latest")} jobs={overview.latest} nothing={t("nothingRunning")} isOfAll />
    </>
  );
}
