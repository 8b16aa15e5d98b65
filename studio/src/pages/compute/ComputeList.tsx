import { Anchor, Progress, Text } from "@mantine/core";
import { IconCpu } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Compute, type ComputeLine, useComputeLines, useComputes } from "@/api/computes";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { NewCompute } from "@/pages/compute/NewCompute";

interface Row {
  line: ComputeLine;
  /** Missing for the two that are always there. */
  compute?: Compute;
}

/** All computes: what each can hold, what it holds and who waits for it. */
export function Component() {
  const { t } = useTranslation("compute");
  const workspace = useWorkspace();
  const computes = useComputes(workspace);
  const lines = useComputeLines(workspace);
  const error = computes.error ?? lines.error;
  const retry = () => void Promise.all([computes.refetch(), lines.refetch()]);
  return (
    <>
      <PageHeader title={t("title")} actions={<NewCompute />} />
      {(computes.isPending || lines.isPending) && !error && <Loading />}
      {error && <ErrorBox error={error} retry={retry} />}
      {computes.data && lines.data && (
        <ComputeTable
          rows={lines.data.map((line) => ({ line, compute: computes.data.find(({ name }) => name === line.name) }))}
        />
      )}
    </>
  );
}

function ComputeTable({ rows }: { rows: Row[] }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 220,
      cell: ({ line }) => (
        <Anchor component={Link} to={path(workspace, "compute", line.name)} fz="sm">
          {line.name}
        </Anchor>
      ),
    },
    { id: "slots", header: t("slots"), width: 220, cell: ({ line }) => <Use line={line} /> },
    { id: "waiting", header: t("waiting"), width: 130, numeric: true, cell: ({ line }) => line.waiting },
    {
      id: "status",
      header: t("common:status"),
      width: 140,
      cell: ({ line, compute }) => <StatusBadge status={statusOf(line, compute)} />,
    },
    { id: "type", header: t("common:type"), cell: ({ compute }) => compute?.type ?? t("builtIn") },
    {
      id: "created",
      header: t("common:created"),
      cell: ({ compute }) => <TimeAgo at={compute?.creation_context.created_at} />,
    },
  ];
  const isBare = rows.every(({ compute }) => !compute);
  return (
    <>
      <DataTable label={t("list")} columns={columns} rows={rows} rowKey={({ line }) => line.name} />
      {isBare && (
        <EmptyState
          icon={IconCpu}
          title={t("emptyTitle")}
          text={t("emptyText")}
          command="lapis compute create -n cpu-cluster --type amlcompute --min-instances 0 --max-instances 4"
        />
      )}
    </>
  );
}

/** Gives a compute's state in one word. */
function statusOf(line: ComputeLine, compute: Compute | undefined): string {
  if (!line.open) return "Stopped";
  return compute?.state ?? "Ready";
}

function Use({ line }: { line: ComputeLine }) {
  const { t } = useTranslation("compute");
  return (
    <div style={{ display: "flex", gap: 8, alignItems: "center", width: "100%" }}>
      <Progress
        value={(100 * line.busy) / Math.max(1, line.capacity)}
        aria-label={`${t("slots")}: ${line.name}`}
        style={{ flex: 1 }}
      />
      <Text size="sm" className="number">
        {line.busy} / {line.capacity}
      </Text>
    </div>
  );
}
