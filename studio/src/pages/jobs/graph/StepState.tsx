import { Badge } from "@mantine/core";
import { IconRecycle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { PipelineStep } from "@/api/pipelines";
import { StatusBadge } from "@/components/StatusBadge";

/** The state of a step, a result that was there already marked as such. */
export function State({ step }: { step: PipelineStep }) {
  const { t } = useTranslation("pipelines");
  if (step.status === "") return null;
  if (!step.reused_from) return <StatusBadge status={step.status} />;
  return (
    <Badge variant="light" color="violet" tt="none" leftSection={<IconRecycle size={12} aria-hidden />}>
      {t("graph.reused")}
    </Badge>
  );
}
