import { Anchor, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQueue } from "@/api/computes";
import type { JobLine } from "@/api/overview";
import { ErrorBox } from "@/components/ErrorBox";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** Who waits for a compute, in the order in which they will be served, and why each waits. */
export function Queue({ name }: { name: string }) {
  const { t } = useTranslation("compute");
  const queue = useQueue(useWorkspace(), name);
  const total = queue.data?.total ?? 0;
  const shown = queue.data?.value.length ?? 0;
  return (
    <Stack gap="xs">
      <Title order={2}>{t("queue")}</Title>
      {queue.error && <ErrorBox error={queue.error} retry={() => void queue.refetch()} />}
      {queue.data && shown === 0 && (
        <Text size="sm" c="dimmed">
          {t("queueEmpty")}
        </Text>
      )}
      {queue.data && shown > 0 && <Line jobs={queue.data.value} total={total} />}
      {shown < total && (
        <Text size="sm" c="dimmed">
          {t("queueMore", { shown, total })}
        </Text>
      )}
    </Stack>
  );
}

function Line({ jobs, total }: { jobs: JobLine[]; total: number }) {
  const { t } = useTranslation("compute");
  const workspace = useWorkspace();
  const places = new Map(jobs.map((job, index) => [job.name, index + 1]));
  const columns: Column<JobLine>[] = [
    { id: "place", header: t("position"), width: 70, numeric: true, cell: (job) => places.get(job.name) },
    {
      id: "job",
      header: t("job"),
      width: 240,
      cell: (job) => (
        <Anchor component={Link} to={path(workspace, "jobs", job.name)} fz="sm">
          {job.display_name}
        </Anchor>
      ),
    },
    {
      id: "waits",
      header: t("waitsFor"),
      width: 120,
      numeric: true,
      cell: (job) => <Duration from={job.created_at} />,
    },
    { id: "nodes", header: t("wanted"), width: 130, numeric: true, cell: (job) => job.nodes },
    { id: "reason", header: t("reason"), width: 760, cell: (job) => <span title={job.reason}>{job.reason}</span> },
  ];
  return (
    <DataTable
      label={t("queue")}
      columns={columns}
      rows={jobs}
      rowKey={(job) => job.name}
      total={total}
      height="420px"
    />
  );
}
