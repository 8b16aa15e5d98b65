import { Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { ComponentTable } from "@/pages/components/ComponentTable";
import { PipelineTable } from "@/pages/pipelines/PipelineTable";
import { ScheduleTable } from "@/pages/schedules/ScheduleTable";

/** Pipelines: the jobs, the components that are pipelines, and what submits them again and again. */
export function Component() {
  const { t } = useTranslation("pipelines");
  return (
    <>
      <PageHeader title={t("title")} />
      <Tabs
        label={t("title")}
        tabs={[
          { id: "jobs", label: t("tabs.jobs"), content: <PipelineTable /> },
          { id: "components", label: t("tabs.components"), content: <ComponentTable type="pipeline" /> },
          { id: "schedules", label: t("tabs.schedules"), content: <Schedules /> },
        ]}
      />
    </>
  );
}

function Schedules() {
  const { t } = useTranslation("schedules");
  return (
    <>
      <Group justify="end" mb="sm">
        <NewDocumentLink kind="schedule" label={t("new")} />
      </Group>
      <ScheduleTable />
    </>
  );
}
