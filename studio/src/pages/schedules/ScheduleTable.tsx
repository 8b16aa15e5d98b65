import { Anchor, Text } from "@mantine/core";
import { IconCalendarTime } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Schedule, useSchedules } from "@/api/schedules";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { Outcome } from "@/pages/schedules/Outcome";
import { readTrigger, triggerWords } from "@/pages/schedules/trigger";

/** Schedules by name: when each fires next, and what became of its last run. */
export function ScheduleTable() {
  const { t } = useTranslation("schedules");
  const found = useSchedules(useWorkspace());
  const rows = useMemo(() => found.data?.pages.flatMap(({ value }) => value) ?? [], [found.data]);
  const columns = useScheduleColumns();
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  return (
    <DataTable
      label={t("list")}
      columns={columns}
      rows={rows}
      rowKey={({ name }) => name}
      onEnd={() => void (found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage())}
      empty={
        <EmptyState
          icon={IconCalendarTime}
          title={t("emptyTitle")}
          text={t("emptyText")}
          command="lapis schedule create -f schedule.yml"
        />
      }
    />
  );
}

function useScheduleColumns(): Column<Schedule>[] {
  const { t, i18n } = useTranslation(["schedules", "common"]);
  const workspace = useWorkspace();
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 240,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "schedules", row.name)} fz="sm" title={row.name}>
          {row.display_name ?? row.name}
        </Anchor>
      ),
    },
    {
      id: "status",
      header: t("common:status"),
      width: 120,
      cell: (row) => <StatusBadge status={row.is_enabled ? "Enabled" : "Disabled"} />,
    },
    {
      id: "trigger",
      header: t("trigger"),
      width: 300,
      cell: (row) => (
        <Text size="sm" truncate title={readTrigger(row.trigger).time_zone}>
          {triggerWords(i18n.getFixedT(null, "schedules"), row.trigger, i18n.language)}
        </Text>
      ),
    },
    { id: "next", header: t("next"), width: 150, cell: (row) => <TimeAgo at={row.next_fire_times[0]} /> },
    {
      id: "last",
      header: t("last"),
      width: 150,
      cell: (row) => <TimeAgo at={row.last_firings[0]?.due} />,
    },
    {
      id: "outcome",
      header: t("outcome"),
      width: 180,
      cell: (row) => row.last_firings[0] && <Outcome firing={row.last_firings[0]} />,
    },
  ];
}
