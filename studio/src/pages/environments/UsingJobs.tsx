import { Anchor } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type JobUse, useEnvironmentJobs } from "@/api/environments";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** The jobs that use a version of an environment, newest first. */
export function UsingJobs({ name, version }: { name: string; version: string }) {
  const { t } = useTranslation(["environments", "common"]);
  const workspace = useWorkspace();
  const jobs = useEnvironmentJobs(workspace, name, version);
  const link = (job: string, label: string) => (
    <Anchor component={Link} to={path(workspace, "jobs", job)} fz="sm">
      {label}
    </Anchor>
  );
  const columns: Column<JobUse>[] = [
    { id: "name", header: t("job.job"), width: 260, cell: (row) => link(row.name, row.display_name || row.name) },
    { id: "status", header: t("common:status"), width: 140, cell: (row) => <StatusBadge status={row.status} /> },
    { id: "experiment", header: t("job.experiment"), width: 180, cell: (row) => row.experiment_name },
    { id: "parent", header: t("job.parent"), width: 220, cell: (row) => row.parent && link(row.parent, row.parent) },
    { id: "created", header: t("common:created"), cell: (row) => <TimeAgo at={row.created_at} /> },
  ];
  if (jobs.isPending) return <Loading />;
  if (!jobs.data) return <ErrorBox error={jobs.error} retry={() => void jobs.refetch()} />;
  return (
    <DataTable
      label={t("jobs")}
      columns={columns}
      rows={jobs.data.pages.flatMap((page) => page.value)}
      rowKey={(row) => row.name}
      onEnd={() => jobs.hasNextPage && !jobs.isFetchingNextPage && void jobs.fetchNextPage()}
      empty={<EmptyState icon={IconFlask} title={t("job.unused")} text={t("job.unusedText")} />}
    />
  );
}
