import { Anchor, Badge, Group } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ExperimentBody, useExperiments } from "@/api/runs";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { statusColour } from "@/components/StatusBadge";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { STATES } from "@/pages/jobs/list/state";

/** All experiments: how many runs each has in which state, and when something happened last. */
export function Experiments() {
  const { t } = useTranslation(["jobs", "common"]);
  const workspace = useWorkspace();
  const experiments = useExperiments(workspace);
  if (experiments.isPending) return <Loading />;
  if (experiments.error) return <ErrorBox error={experiments.error} retry={() => void experiments.refetch()} />;
  const columns: Column<ExperimentBody>[] = [
    {
      id: "name",
      header: t("common:name"),
      width: 240,
      cell: (row) => (
        <Anchor component={Link} to={`${path(workspace, "jobs")}?experiment=${row.id}&children=yes`} fz="sm">
          {row.name}
        </Anchor>
      ),
    },
    { id: "total", header: t("runs"), width: 100, numeric: true, cell: (row) => <span>{row.total}</span> },
    { id: "counts", header: t("common:status"), width: 420, cell: (row) => <Counts counts={row.counts} /> },
    { id: "last", header: t("lastActivity"), width: 160, cell: (row) => <TimeAgo at={row.last_activity} /> },
    { id: "created", header: t("common:created"), width: 160, cell: (row) => <TimeAgo at={row.created_at} /> },
  ];
  return (
    <DataTable
      label={t("experiments")}
      columns={columns}
      rows={sorted(experiments.data)}
      rowKey={(row) => row.id}
      empty={
        <EmptyState
          icon={IconFlask}
          title={t("noExperiments")}
          text={t("noExperimentsText")}
          command="lapis job create -f job.yml --set experiment_name=first"
        />
      }
    />
  );
}

/** The latest activity first; experiments without runs at the end. */
function sorted(experiments: ExperimentBody[]): ExperimentBody[] {
  return [...experiments].sort((one, other) => (other.last_activity ?? "").localeCompare(one.last_activity ?? ""));
}

function Counts({ counts }: { counts: Record<string, number> }) {
  const { t } = useTranslation("status");
  return (
    <Group gap={4} wrap="nowrap">
      {STATES.filter((state) => counts[state]).map((state) => (
        <Badge key={state} variant="light" color={statusColour(state)} tt="none" style={{ flexShrink: 0 }}>
          {t(state)} {counts[state]}
        </Badge>
      ))}
    </Group>
  );
}
