import { Anchor, Button, Group, Progress, Stack, Text, Title } from "@mantine/core";
import { IconAdjustments } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isOver } from "@/api/jobs";
import { type SweepTrials, useTrials } from "@/api/sweeps";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { formatNumber } from "@/lib/format";
import { path, useWorkspace } from "@/lib/workspace";
import type { Subject } from "@/pages/jobs/job/subject";
import { Charts } from "@/pages/jobs/trials/Charts";
import { TrialTable } from "@/pages/jobs/trials/TrialTable";

/** The trials of a sweep: how far it is, what is best, what mattered, and each trial. */
export default function TrialsTab({ subject }: { subject: Subject }) {
  const { t } = useTranslation("sweeps");
  const trials = useTrials(subject.workspace, subject.name);
  if (trials.error) return <ErrorBox error={trials.error} retry={() => void trials.refetch()} />;
  if (!trials.data) return <Loading />;
  if (trials.data.trials.length === 0) {
    return <EmptyState icon={IconAdjustments} title={t("emptyTitle")} text={t("emptyText")} />;
  }
  return <Whole sweep={trials.data} />;
}

function Whole({ sweep }: { sweep: SweepTrials }) {
  const { t } = useTranslation("sweeps");
  const workspace = useWorkspace();
  const [selected, select] = useState<Set<string>>(new Set());
  const compared = `${path(workspace, "compare")}?runs=${[...selected].map(encodeURIComponent).join(",")}`;
  const head = (
    <>
      <Title order={2} me="auto">
        {t("trials")}
      </Title>
      {selected.size > 1 && (
        <Button component={Link} to={compared} size="xs">
          {t("compare", { count: selected.size })}
        </Button>
      )}
    </>
  );
  return (
    <Stack gap="md">
      <Standing sweep={sweep} />
      <Charts sweep={sweep} />
      <div>
        <TrialTable sweep={sweep} head={head} selected={selected} onSelect={select} />
      </div>
    </Stack>
  );
}

function Standing({ sweep }: { sweep: SweepTrials }) {
  const { t } = useTranslation("sweeps");
  const workspace = useWorkspace();
  const live = sweep.trials.filter(({ phase }) => phase === "live").length;
  const over = sweep.trials.length - live;
  const best = sweep.trials.find(({ name }) => name === sweep.best);
  const sentence = t(live > 0 ? "progress" : "finished", { over, total: sweep.total, live });
  return (
    <Stack gap={6}>
      <Group gap="lg">
        <Text size="sm">{sentence}</Text>
        <Text size="sm">{t(sweep.maximize ? "maximize" : "minimize", { metric: sweep.metric })}</Text>
        <Text size="sm">
          {t("algorithm")}: {sweep.algorithm}
        </Text>
        {sweep.policy && (
          <Text size="sm">
            {t("policy")}: {sweep.policy}
          </Text>
        )}
        {best && best.value !== null && (
          <Text size="sm" fw={600}>
            {t(isOver(sweep) ? "bestOfAll" : "best")}: {formatNumber(best.value)} (
            <Anchor component={Link} to={path(workspace, "jobs", best.name)} fz="sm">
              {t("trial")} {best.number}
            </Anchor>
            )
          </Text>
        )}
      </Group>
      {!isOver(sweep) && <Progress value={(100 * over) / Math.max(1, sweep.total)} aria-label={sentence} />}
    </Stack>
  );
}
