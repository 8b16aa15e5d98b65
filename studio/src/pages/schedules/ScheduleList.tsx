import { useTranslation } from "react-i18next";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { ScheduleTable } from "@/pages/schedules/ScheduleTable";

/** All schedules of a workspace. */
export function Component() {
  const { t } = useTranslation("schedules");
  return (
    <>
      <PageHeader title={t("title")} actions={<NewDocumentLink kind="schedule" label={t("new")} />} />
      <ScheduleTable />
    </>
  );
}
