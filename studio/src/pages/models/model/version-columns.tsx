import { ActionIcon, Anchor, Badge, Group } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DeployedVersion, type MeasuredVersion, type Model, metricOf, ownMetrics } from "@/api/models";
import type { Column } from "@/components/table/columns";
import { MetricValue, TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { Aliases } from "@/pages/models/Aliases";
import { StageBadge } from "@/pages/models/StageBadge";

const SHOWN_METRICS = 4;

/** The columns of a model's versions: what each is, where it runs, and every metric and parameter of their runs. */
export function useVersionColumns(
  model: Model,
  rows: MeasuredVersion[],
  deployed: DeployedVersion[],
  edit: (version: MeasuredVersion) => void,
): Column<MeasuredVersion>[] {
  const { t } = useTranslation(["models", "common"]);
  const measured = useMemo(() => measuredColumns(rows), [rows]);
  return [
    {
      id: "version",
      header: t("common:version"),
      width: 100,
      fixed: true,
      cell: (row) => <Name model={model.name} row={row} />,
    },
    { id: "marks", header: t("aliases"), width: 180, cell: (row) => <Marks row={row} edit={edit} /> },
    {
      id: "stage",
      header: t("stage"),
      width: 120,
      cell: ({ stage }) => (stage && stage !== "None" ? <StageBadge stage={stage} /> : "—"),
    },
    {
      id: "deployed",
      header: t("deployed"),
      width: 220,
      cell: ({ version }) => <Places places={deployed.filter((one) => one.version === version)} />,
    },
    ...measured,
    { id: "job", header: t("job"), width: 190, cell: ({ job_name }) => <Job name={job_name} /> },
    { id: "created", header: t("common:created"), width: 130, cell: ({ created_at }) => <TimeAgo at={created_at} /> },
    { id: "by", header: t("common:createdBy"), hidden: true, cell: ({ created_by }) => created_by },
    {
      id: "description",
      header: t("common:description"),
      width: 260,
      hidden: true,
      cell: ({ description }) => <span>{description || "—"}</span>,
    },
  ];
}

/** A column for each metric (the first few are shown at first) and each parameter. */
function measuredColumns(rows: MeasuredVersion[]): Column<MeasuredVersion>[] {
  const metrics = new Set(rows.flatMap(({ run }) => ownMetrics(run).map(([key]) => key)));
  const params = new Set(rows.flatMap(({ run }) => Object.keys(run?.params ?? {})));
  return [
    ...[...metrics].sort().map((key, index) => ({
      id: `metrics.${key}`,
      header: key,
      width: 120,
      numeric: true,
      hidden: index >= SHOWN_METRICS,
      cell: ({ run }: MeasuredVersion) => <MetricValue value={metricOf(run?.metrics[key])} />,
    })),
    ...[...params].sort().map((key) => ({
      id: `params.${key}`,
      header: key,
      width: 120,
      hidden: true,
      cell: ({ run }: MeasuredVersion) => <span>{run?.params[key] ?? "—"}</span>,
    })),
  ];
}

function Name({ model, row }: { model: string; row: MeasuredVersion }) {
  const { t } = useTranslation("models");
  return (
    <Group gap={6} wrap="nowrap">
      <Anchor component={Link} to={path(useWorkspace(), "models", model, row.version)} fz="sm">
        {row.version}
      </Anchor>
      {row.archived && (
        <Badge size="xs" variant="default" tt="none">
          {t("isArchived")}
        </Badge>
      )}
    </Group>
  );
}

function Marks({ row, edit }: { row: MeasuredVersion; edit: (version: MeasuredVersion) => void }) {
  const { t } = useTranslation("models");
  return (
    <Group gap={4} wrap="nowrap">
      <Aliases names={row.aliases} />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        onClick={() => edit(row)}
        aria-label={t("editMarks", { version: row.version })}
      >
        <IconPencil size={14} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Places({ places }: { places: DeployedVersion[] }) {
  const workspace = useWorkspace();
  if (places.length === 0) return <span>—</span>;
  return (
    <Group gap={8} wrap="nowrap">
      {places.map(({ kind, endpoint, deployment, traffic }) => (
        <Anchor
          key={`${kind}/${endpoint}/${deployment}`}
          component={Link}
          to={path(workspace, `${kind}-endpoints`, endpoint)}
          fz="sm"
        >
          {`${endpoint}/${deployment}${kind === "online" ? ` ${traffic} %` : ""}`}
        </Anchor>
      ))}
    </Group>
  );
}

function Job({ name }: { name: string | null }) {
  const workspace = useWorkspace();
  if (!name) return <span>—</span>;
  return (
    <Anchor component={Link} to={path(workspace, "jobs", name)} fz="sm">
      {name}
    </Anchor>
  );
}
