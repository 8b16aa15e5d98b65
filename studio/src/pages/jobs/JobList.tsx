import { Button } from "@mantine/core";
import { IconCalendarClock, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { Experiments } from "@/pages/jobs/list/Experiments";
import { RunsTable } from "@/pages/jobs/list/RunsTable";

/** All jobs and runs of a workspace, one by one or as experiments. */
export function Component() {
  const { t } = useTranslation("jobs");
  const workspace = useWorkspace();
  const actions = (
    <>
      <Button
        component={Link}
        to={path(workspace, "schedules")}
        variant="default"
        size="xs"
        leftSection={<IconCalendarClock size={14} aria-hidden />}
      >
        {t("schedules")}
      </Button>
      <Button
        component={Link}
        to={path(workspace, "submit")}
        size="xs"
        leftSection={<IconPlus size={14} aria-hidden />}
      >
        {t("newJob")}
      </Button>
    </>
  );
  return (
    <>
      <PageHeader title={t("title")} actions={actions} />
      <Tabs
        label={t("title")}
        tabs={[
          { id: "all", label: t("all"), content: <RunsTable /> },
          { id: "experiments", label: t("experiments"), content: <Experiments /> },
        ]}
      />
    </>
  );
}
