import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { listKey } from "@/api/keys";
import { useLeaving } from "@/api/live";
import { deleteSchedule, type Schedule, triggerSchedule, useEnableSchedule } from "@/api/schedules";
import { ConfirmButton } from "@/components/ConfirmButton";
import { ErrorBox } from "@/components/ErrorBox";
import { notify } from "@/lib/notify";
import { path, useWorkspace } from "@/lib/workspace";

/** What can be done to a schedule: run it now, enable or disable it, delete it while it is disabled. */
export function Actions({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation(["schedules", "common"]);
  const workspace = useWorkspace();
  const go = useNavigate();
  const queries = useQueryClient();
  const turn = useEnableSchedule(workspace, schedule.name);
  const run = async () => {
    const name = await triggerSchedule(workspace, schedule.name);
    notify(t("started", { name }));
    await go(path(workspace, "jobs", name));
  };
  const leave = useLeaving(workspace, "schedules", schedule.name);
  const remove = () =>
    leave(async () => {
      await deleteSchedule(workspace, schedule.name);
      void queries.invalidateQueries({ queryKey: listKey(workspace, "schedules+jobs") });
      await go(path(workspace, "schedules"));
    });
  return (
    <>
      <ConfirmButton label={t("runNow")} question={t("runNowQuestion")} act={run} isHarmless />
      <Button
        component={Link}
        to={`${path(workspace, "new", "schedule")}?from=${encodeURIComponent(schedule.name)}`}
        size="xs"
        variant="default"
      >
        {t("edit")}
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={turn.isPending}
        onClick={() => turn.mutate(schedule.is_enabled ? "disable" : "enable")}
      >
        {schedule.is_enabled ? t("disable") : t("enable")}
      </Button>
      {turn.error && <ErrorBox error={turn.error} />}
      {!schedule.is_enabled && <ConfirmButton label={t("common:delete")} question={t("deleteQuestion")} act={remove} />}
    </>
  );
}
