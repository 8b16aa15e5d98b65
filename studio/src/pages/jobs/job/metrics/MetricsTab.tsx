import { Stack } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/components/EmptyState";
import { Controls, useLook } from "@/pages/jobs/job/metrics/Controls";
import { Curves } from "@/pages/jobs/job/metrics/Curves";
import { Images } from "@/pages/jobs/job/metrics/Images";
import { Latest } from "@/pages/jobs/job/metrics/Latest";
import type { Subject } from "@/pages/jobs/job/subject";

const SYSTEM = "system/";

/** What a run logged, as it arrives: curves, latest values, the machine's own metrics, images. */
export default function MetricsTab({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const { workspace, name, run } = subject;
  const { look, find, set } = useLook();
  const steady = useMemo(
    () => ({ axis: look.axis, isLog: look.isLog, smoothing: look.smoothing }),
    [look.axis, look.isLog, look.smoothing],
  );
  const all = run?.metrics ?? [];
  const found = all.filter(({ key }) => key.toLowerCase().includes(find.toLowerCase()));
  const own = found.filter(({ key }) => !key.startsWith(SYSTEM));
  const system = found.filter(({ key }) => key.startsWith(SYSTEM));
  if (all.length === 0) {
    return (
      <Stack gap="xl">
        <EmptyState
          icon={IconChartLine}
          title={t("metrics.emptyTitle")}
          text={t("metrics.emptyText")}
          command={'import mlflow\n\nmlflow.log_metric("loss", 0.1, step=1)'}
        />
        <Images subject={subject} />
      </Stack>
    );
  }
  return (
    <Stack gap="xl">
      <Controls look={look} find={find} set={set} />
      <Curves title={t("metrics.charts")} workspace={workspace} id={name} metrics={own} look={steady} />
      <Images subject={subject} />
      <Curves title={t("metrics.system")} workspace={workspace} id={name} metrics={system} look={steady} />
      <Latest metrics={found} />
    </Stack>
  );
}
