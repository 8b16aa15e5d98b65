import { Anchor, Button, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration } from "@/components/times";
import { path as pathTo, useWorkspace } from "@/lib/workspace";
import type { PlacedStep } from "@/pages/jobs/graph/model";
import { State } from "@/pages/jobs/graph/StepState";

interface Props {
  steps: PlacedStep[];
  /** Why a step is in its state, in one line. */
  noteOf: (placed: PlacedStep) => string;
  onPick: (path: string) => void;
}

/** The steps as a table: what the graph shows, to read and to hear. */
export function StepList({ steps, noteOf, onPick }: Props) {
  const { t } = useTranslation(["pipelines", "common"]);
  const workspace = useWorkspace();
  const columns: Column<PlacedStep>[] = [
    {
      id: "step",
      header: t("graph.step"),
      width: 200,
      cell: ({ path }) => (
        <Button variant="transparent" size="compact-sm" px={0} onClick={() => onPick(path)}>
          {path}
        </Button>
      ),
    },
    { id: "status", header: t("common:status"), width: 140, cell: ({ step }) => <State step={step} /> },
    {
      id: "duration",
      header: t("graph.duration"),
      width: 110,
      numeric: true,
      cell: ({ step }) => (step.reused_from ? "—" : <Duration from={step.started_at} to={step.ended_at} />),
    },
    { id: "why", header: t("graph.why"), width: 420, cell: (placed) => <Note text={noteOf(placed)} /> },
    {
      id: "job",
      header: t("graph.goTo"),
      width: 280,
      cell: ({ step }) =>
        step.job && (
          <Anchor component={Link} to={pathTo(workspace, "jobs", step.job)} fz="sm">
            {step.job}
          </Anchor>
        ),
    },
  ];
  return (
    <DataTable
      label={t("graph.list")}
      columns={columns}
      rows={steps}
      rowKey={({ path }) => path}
      height="min(70vh, 720px)"
    />
  );
}

function Note({ text }: { text: string }) {
  return (
    <Text size="sm" truncate title={text}>
      {text}
    </Text>
  );
}
