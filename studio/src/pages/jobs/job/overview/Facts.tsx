import { Anchor, Code, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isOver } from "@/api/jobs";
import { useExperimentName } from "@/api/run";
import { CopyButton } from "@/components/CopyButton";
import { EditTags } from "@/components/EditTags";
import { KeyValues, type Pair } from "@/components/KeyValues";
import { DateTime, Duration } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { useEditing } from "@/pages/jobs/job/editing";
import { Reference } from "@/pages/jobs/job/overview/Reference";
import { Rename } from "@/pages/jobs/job/overview/Rename";
import type { Subject } from "@/pages/jobs/job/subject";

/** The properties of a job or a run; names and tags can be changed in place. */
export function Facts({ subject }: { subject: Subject }) {
  const { t } = useTranslation(["job", "common"]);
  const { job, run, name } = subject;
  const editing = useEditing(subject);
  const pairs: Pair[] = [
    { label: t("facts.name"), value: <Rename subject={subject} /> },
    { label: t("facts.runId"), value: <Id name={name} /> },
    { label: t("common:type"), value: job?.type },
    { label: t("facts.experiment"), value: <Experiment subject={subject} /> },
    { label: t("common:tags"), value: <EditTags tags={editing.tags} save={editing.setTags} /> },
    ...documentPairs(subject, t),
    { label: t("common:createdBy"), value: job?.creation_context.created_by ?? run?.user },
    { label: t("common:created"), value: job && <DateTime at={job.creation_context.created_at} /> },
    ...timePairs(subject, t),
  ];
  return (
    <Stack gap="xl">
      <KeyValues label={t("facts.label")} pairs={pairs} />
      <Further properties={job?.properties ?? {}} />
    </Stack>
  );
}

type Words = (
  key:
    | "facts.compute"
    | "facts.environment"
    | "facts.code"
    | "facts.command"
    | "facts.started"
    | "facts.ended"
    | "facts.duration",
) => string;

function documentPairs({ workspace, job }: Subject, t: Words): Pair[] {
  if (!job) return [];
  const environment = typeof job.environment === "string" ? job.environment : null;
  const command = typeof job.command === "string" ? job.command : null;
  return [
    { label: t("facts.compute"), value: job.compute && <ComputeLink workspace={workspace} to={job.compute} /> },
    { label: t("facts.environment"), value: environment && <Reference to={environment} kind="environments" /> },
    { label: t("facts.code"), value: typeof job.code === "string" ? job.code : null },
    {
      label: t("facts.command"),
      value: command && (
        <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {command}
        </Code>
      ),
    },
  ];
}

function timePairs({ job, run }: Subject, t: Words): Pair[] {
  const start = job ? job.start_time : run?.start;
  const end = job ? job.end_time : run?.end;
  const hasEnded = job ? isOver(job) : run?.end !== null;
  return [
    { label: t("facts.started"), value: start && <DateTime at={start} /> },
    { label: t("facts.ended"), value: end && <DateTime at={end} /> },
    { label: t("facts.duration"), value: start && (end || !hasEnded) && <Duration from={start} to={end} /> },
  ];
}

function ComputeLink({ workspace, to }: { workspace: string; to: string }) {
  const name = to.replace(/^azureml:/, "");
  return (
    <Anchor component={Link} to={path(workspace, "compute", name)} fz="sm">
      {name}
    </Anchor>
  );
}

function Id({ name }: { name: string }) {
  const { t } = useTranslation("job");
  return (
    <Group gap={4} wrap="nowrap">
      <Text size="sm">{name}</Text>
      <CopyButton value={name} what={t("facts.runId")} />
    </Group>
  );
}

function Experiment({ subject: { job, run } }: { subject: Subject }) {
  const workspace = useWorkspace();
  const asked = useExperimentName(workspace, job ? undefined : run?.experimentId);
  const name = job?.experiment_name ?? asked.data;
  if (!name || !run) return name;
  return (
    <Anchor component={Link} to={`${path(workspace, "jobs")}?experiment=${run.experimentId}`} fz="sm">
      {name}
    </Anchor>
  );
}

function Further({ properties }: { properties: Record<string, string> }) {
  const { t } = useTranslation("job");
  const pairs = Object.entries(properties).map(([label, value]) => ({ label, value: String(value) }));
  return pairs.length > 0 && <KeyValues label={t("properties.title")} pairs={pairs} />;
}
