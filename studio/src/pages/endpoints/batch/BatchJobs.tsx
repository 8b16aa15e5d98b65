import { Anchor } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type BatchEndpoint, useBatchJobs } from "@/api/batch";
import { isOver, type Job } from "@/api/jobs";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration, TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

const DEPLOYMENT = "lapis.batch_deployment";

/** The jobs that requests to a batch endpoint started; each leads to its progress and its results. */
export function BatchJobs({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation(["batch", "common"]);
  const workspace = useWorkspace();
  const found = useBatchJobs(workspace, endpoint.name);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const columns: Column<Job>[] = [
    { id: "name", header: t("job"), width: 280, cell: (row) => <Name job={row} workspace={workspace} /> },
    { id: "status", header: t("common:status"), width: 140, cell: (row) => <StatusBadge status={row.status} /> },
    { id: "deployment", header: t("deployment"), width: 160, cell: (row) => <span>{row.properties[DEPLOYMENT]}</span> },
    {
      id: "created",
      header: t("started"),
      width: 150,
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
    {
      id: "took",
      header: t("took"),
      width: 120,
      numeric: true,
      cell: (row) => <Duration from={row.start_time} to={isOver(row) ? (row.end_time ?? row.start_time) : undefined} />,
    },
  ];
  const command = `lapis batch-endpoint invoke -n ${endpoint.name} --input azureml:my-data:1`;
  const empty = <EmptyState icon={IconFlask} title={t("noJobs")} text={t("noJobsText")} command={command} />;
  return <DataTable label={t("jobs")} columns={columns} rows={found.data} rowKey={(row) => row.name} empty={empty} />;
}

function Name({ job, workspace }: { job: Job; workspace: string }) {
  return (
    <Anchor component={Link} to={path(workspace, "jobs", job.name)} fz="sm" title={job.name}>
      {job.display_name || job.name}
    </Anchor>
  );
}
