import { Anchor, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Firing, useFirings } from "@/api/schedules";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { Outcome } from "@/pages/schedules/Outcome";

/** What became of a schedule's firings, the last first. */
export function History({ name }: { name: string }) {
  const { t } = useTranslation(["schedules", "common"]);
  const workspace = useWorkspace();
  const found = useFirings(workspace, name);
  const rows = useMemo(() => found.data?.pages.flatMap(({ value }) => value) ?? [], [found.data]);
  const columns: Column<Firing>[] = [
    { id: "due", header: t("due"), width: 230, cell: (row) => <DateTime at={row.due} /> },
    { id: "outcome", header: t("outcome"), width: 180, cell: (row) => <Outcome firing={row} /> },
    {
      id: "job",
      header: t("job"),
      width: 320,
      cell: (row) =>
        row.job_name && (
          <Anchor component={Link} to={path(workspace, "jobs", row.job_name)} fz="sm">
            {row.job_name}
          </Anchor>
        ),
    },
    {
      id: "reason",
      header: t("reason"),
      width: 420,
      cell: (row) => [row.by_hand ? t("byHand") : "", row.reason].filter(Boolean).join(" · "),
    },
  ];
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  return (
    <DataTable
      label={t("history")}
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.due} ${row.at} ${row.job_name} ${row.state}`}
      height="520px"
      onEnd={() => void (found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage())}
      empty={<Text c="dimmed">{t("noHistory")}</Text>}
    />
  );
}
