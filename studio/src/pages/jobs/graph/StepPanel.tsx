import { Alert, Anchor, Button, CloseButton, Group, Stack, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useJob, useJobOutputs } from "@/api/jobs";
import type { PipelineStep } from "@/api/pipelines";
import { KeyValues } from "@/components/KeyValues";
import { DateTime, Duration } from "@/components/times";
import { path as pathTo, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/jobs/graph/graph.module.css";
import { LogTail } from "@/pages/jobs/graph/LogTail";
import type { PlacedStep } from "@/pages/jobs/graph/model";
import { PortTable } from "@/pages/jobs/graph/PortTable";
import { inputsOf, outputsOf } from "@/pages/jobs/graph/ports";
import { State } from "@/pages/jobs/graph/StepState";
import { splitReason } from "@/pages/jobs/job/head/reason";
import { Reference } from "@/pages/jobs/job/overview/Reference";

interface Props {
  placed: PlacedStep;
  /** Why the step is in its state, in one line. */
  note: string;
  onClose: () => void;
  /** Opens or closes a nested pipeline in place. */
  onTurn: (() => void) | null;
}

/** What a step is, why it is in its state, what went in and came out, and the end of its log. */
export function StepPanel({ placed, note, onClose, onTurn }: Props) {
  const { t } = useTranslation("pipelines");
  const { step } = placed;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const isBelow = window.matchMedia?.("(max-width: 62em)").matches; // else it stands beside the graph, in sight
    if (isBelow) panel.current?.scrollIntoView?.({ block: "nearest" });
  }, []);
  return (
    <aside className={classes.panel} ref={panel} aria-label={t("graph.panel", { name: step.name })}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="start">
          <Group gap="xs">
            <Title order={2}>{step.name}</Title>
            <State step={step} />
          </Group>
          <CloseButton onClick={onClose} aria-label={t("graph.closePanel")} />
        </Group>
        {step.status === "Failed" ? <Failed step={step} /> : note && <Text size="sm">{note}</Text>}
        <Buttons placed={placed} onTurn={onTurn} />
        <Log step={step} />
        <Facts step={step} />
        <Ports step={step} />
      </Stack>
    </aside>
  );
}

function Failed({ step }: { step: PipelineStep }) {
  const { t } = useTranslation("pipelines");
  return (
    <Alert color="red" icon={<IconX aria-hidden />} title={t("graph.failed")}>
      <Text size="sm">{splitReason(step.reason).sentence}</Text>
    </Alert>
  );
}

function Buttons({ placed, onTurn }: Pick<Props, "placed" | "onTurn">) {
  const { t } = useTranslation("pipelines");
  const workspace = useWorkspace();
  const { step, isOpen } = placed;
  const isNested = step.type === "pipeline";
  return (
    <Group gap="xs">
      {step.job !== null && (
        <Button component={Link} to={pathTo(workspace, "jobs", step.job)} size="xs" variant="default">
          {t("graph.goTo")}
        </Button>
      )}
      {isNested && onTurn && (
        <Button size="xs" variant="default" onClick={onTurn} aria-expanded={isOpen}>
          {isOpen ? t("graph.close") : t("graph.open")}
        </Button>
      )}
      {isNested && !onTurn && step.status !== "" && (
        <Text size="sm" c="dimmed">
          {t("graph.opensLater")}
        </Text>
      )}
    </Group>
  );
}

function Facts({ step }: { step: PipelineStep }) {
  const { t } = useTranslation(["pipelines", "common"]);
  const workspace = useWorkspace();
  const source = step.reused_from && (
    <Anchor component={Link} to={pathTo(workspace, "jobs", step.reused_from)} fz="sm">
      {step.reused_from}
    </Anchor>
  );
  const length = step.started_at !== null && !step.reused_from;
  return (
    <KeyValues
      label={t("common:properties")}
      pairs={[
        { label: t("common:type"), value: step.type },
        { label: t("graph.component"), value: step.component && <Reference to={step.component} kind="components" /> },
        { label: t("graph.compute"), value: step.compute },
        { label: t("graph.source"), value: source },
        { label: t("graph.tries"), value: step.tries > 1 ? step.tries : null },
        { label: t("common:created"), value: step.created_at && <DateTime at={step.created_at} /> },
        { label: t("graph.duration"), value: length && <Duration from={step.started_at} to={step.ended_at} /> },
      ].map((pair) => (pair.value === false ? { ...pair, value: null } : pair))}
    />
  );
}

function Ports({ step }: { step: PipelineStep }) {
  const { t } = useTranslation("pipelines");
  const workspace = useWorkspace();
  const job = useJob(workspace, step.job ?? "");
  const outputs = useJobOutputs(workspace, step.job ?? "", step.job !== null);
  return (
    <>
      <PortTable title={t("graph.inputs")} ports={inputsOf(step, job.data)} />
      <PortTable title={t("graph.outputs")} ports={outputsOf(step, outputs.data)} />
    </>
  );
}

function Log({ step }: { step: PipelineStep }) {
  const { t } = useTranslation("pipelines");
  const workspace = useWorkspace();
  const job = step.reused_from ?? step.job;
  if (job === null || step.type === "pipeline" || step.type === "sweep") return null;
  const title = step.reused_from ? t("graph.logOfSource", { name: job }) : t("graph.log");
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Title order={3} fz="sm">
          {title}
        </Title>
        <Anchor component={Link} to={`${pathTo(workspace, "jobs", job)}?tab=log`} fz="sm">
          {t("graph.wholeLog")}
        </Anchor>
      </Group>
      <LogTail key={job} job={job} label={title} />
    </Stack>
  );
}
