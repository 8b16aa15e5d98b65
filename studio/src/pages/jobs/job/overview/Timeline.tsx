import { Group, Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isOver, type Job, useJobEvents } from "@/api/jobs";
import { ErrorBox } from "@/components/ErrorBox";
import { StatusBadge, statusColour } from "@/components/StatusBadge";
import { DateTime, Duration, useNow } from "@/components/times";
import { formatDuration } from "@/lib/format";
import { splitReason } from "@/pages/jobs/job/head/reason";
import classes from "@/pages/jobs/job/overview/overview.module.css";
import { type Phase, phasesOf, shares } from "@/pages/jobs/job/overview/timeline";

/** How a job's time was spent: how long it stood in each state, and why. */
export function Timeline({ workspace, job }: { workspace: string; job: Job }) {
  const { t } = useTranslation("job");
  const events = useJobEvents(workspace, job.name);
  if (events.error) return <ErrorBox error={events.error} />;
  const phases = phasesOf(events.data ?? []);
  const first = phases[0]?.begin;
  return (
    <Stack gap="xs" component="section">
      <Group justify="space-between">
        <Title order={2}>{t("timeline.title")}</Title>
        {first !== undefined && (
          <Text size="sm">
            {t("timeline.total")}: <Duration from={first} to={isOver(job) ? job.end_time : null} />
          </Text>
        )}
      </Group>
      {phases.length === 0 && <Text size="sm">{t("timeline.empty")}</Text>}
      {phases.length > 0 && <Bar phases={phases} />}
      {phases.length > 0 && <Phases phases={phases} />}
    </Stack>
  );
}

function Bar({ phases }: { phases: Phase[] }) {
  const { t } = useTranslation(["status", "job"]);
  const now = useNow(phases.at(-1)?.end === null ? 1_000 : 0);
  const widths = shares(phases, now);
  const words = phases.map(
    (phase) => `${t(phase.status as "Queued")} ${formatDuration((phase.end ?? now) - phase.begin)}`,
  );
  return (
    <div className={classes.bar} role="img" aria-label={`${t("job:timeline.label")}: ${words.join(", ")}`}>
      {phases.map((phase, index) => (
        <div
          key={phase.begin + phase.status}
          title={words[index]}
          className={classes.stretch}
          data-going={phase.end === null || undefined}
          style={{ width: `${widths[index]}%`, backgroundColor: groundOf(phase.status) }}
        />
      ))}
    </div>
  );
}

function Phases({ phases }: { phases: Phase[] }) {
  const { t } = useTranslation("job");
  return (
    <Table.ScrollContainer minWidth={760} scrollAreaProps={{ type: "auto" }}>
      <Table verticalSpacing={6} aria-label={t("timeline.label")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={190}>{t("timeline.phase")}</Table.Th>
            <Table.Th w={110}>{t("timeline.took")}</Table.Th>
            <Table.Th w={240}>{t("timeline.began")}</Table.Th>
            <Table.Th>{t("timeline.why")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {phases.map((phase) => (
            <Table.Tr key={phase.begin + phase.status}>
              <Table.Td>
                <StatusBadge status={phase.status} />
              </Table.Td>
              <Table.Td className="number" ta="left">
                <Duration from={phase.begin} to={phase.end} />
              </Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                <DateTime at={phase.begin} />
              </Table.Td>
              <Table.Td>{splitReason(phase.reason).sentence}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const GROUNDS: Record<string, string> = {
  Preparing: "var(--mantine-color-lapis-3)",
  Environment: "var(--mantine-color-grape-4)",
  Inputs: "var(--mantine-color-cyan-4)",
  Starting: "var(--mantine-color-lapis-4)",
  Running: "var(--mantine-color-lapis-6)",
  Finalizing: "var(--mantine-color-teal-6)",
};

function groundOf(status: string): string {
  return GROUNDS[status] ?? `var(--mantine-color-${statusColour(status)}-5)`;
}
