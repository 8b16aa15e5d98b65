import { useTranslation } from "react-i18next";
import { PageHeader } from "@/components/PageHeader";
import { ScheduleTable } from "@/pages/schedules/ScheduleTable";

/** All schedules of a workspace. */
export function Component() {
  const { t } = useTranslation("schedules");
  return (
    <>
      <PageHeader title={t("title")} />
      <ScheduleTable />
    </>
  );
}
