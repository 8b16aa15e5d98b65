import { ActionIcon, Alert, Anchor, Group, Paper, ScrollArea } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { RunRow } from "@/api/runs";
import { StatusBadge } from "@/components/StatusBadge";
import { path, useWorkspace } from "@/lib/workspace";
import { lookOf } from "@/pages/compare/palette";

/** The runs that are compared: what each looks like in the charts, and a way to leave it out. */
export function RunChips({ runs, missing }: { runs: RunRow[]; missing: string[] }) {
  const { t } = useTranslation("compare");
  const [, setParams] = useSearchParams();
  const remove = (id: string) =>
    setParams((before) => {
      const after = new URLSearchParams(before);
      after.set("runs", runs.flatMap(({ run_id }) => (run_id === id ? [] : [run_id])).join(","));
      return after;
    });
  return (
    <>
      {missing.length > 0 && (
        <Alert color="orange" mb="sm">
          {t("missing", { names: missing.slice(0, 5).join(", "), count: missing.length })}
        </Alert>
      )}
      <ScrollArea.Autosize mah={150} mb="md" type="auto" viewportProps={{ tabIndex: 0 }}>
        <Group component="ul" gap="xs" p={0} m={0} aria-label={t("runs")} style={{ listStyle: "none" }}>
          {runs.map((run, index) => (
            <Paper component="li" key={run.run_id} withBorder px="xs" py={2}>
              <Group gap={6} wrap="nowrap">
                <Swatch index={index} />
                <RunLink run={run} />
                <StatusBadge status={run.status} />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  onClick={() => remove(run.run_id)}
                  aria-label={t("remove", { name: run.name })}
                >
                  <IconX size={14} aria-hidden />
                </ActionIcon>
              </Group>
            </Paper>
          ))}
        </Group>
      </ScrollArea.Autosize>
    </>
  );
}

/** The line that stands for a run in the charts. */
export function Swatch({ index }: { index: number }) {
  const { colour, dash } = lookOf(index);
  return (
    <svg width={18} height={8} aria-hidden style={{ flexShrink: 0 }}>
      <title />
      <line
        x1={0}
        y1={4}
        x2={18}
        y2={4}
        stroke={colour}
        strokeWidth={3}
        strokeDasharray={{ solid: undefined, dashed: "5 3", dotted: "2 2" }[dash]}
      />
    </svg>
  );
}

/** Leads to a run's page. */
export function RunLink({ run }: { run: RunRow }) {
  const workspace = useWorkspace();
  return (
    <Anchor component={Link} to={path(workspace, "jobs", run.run_id)} fz="sm" maw={220} truncate title={run.run_id}>
      {run.name || run.run_id}
    </Anchor>
  );
}
