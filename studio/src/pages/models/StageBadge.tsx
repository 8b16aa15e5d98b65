import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";

const COLOURS: Record<string, string> = { Production: "teal", Staging: "orange", Development: "lapis" };

/** A stage in the registry, in the person's words; `of` adds the version that is in it. */
export function StageBadge({ stage, of }: { stage: string; of?: string }) {
  const { t } = useTranslation("models");
  const name = t(`stageNames.${stage as "Production"}`, { defaultValue: stage });
  return (
    <Badge variant="light" color={COLOURS[stage] ?? "gray"} tt="none" style={{ flexShrink: 0 }}>
      {of === undefined ? name : `${name}: ${of}`}
    </Badge>
  );
}
