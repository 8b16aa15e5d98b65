import { Badge, Button, Group, SegmentedControl, Select } from "@mantine/core";
import { IconAlertTriangle, IconRecycle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { statusColour, statusIcon } from "@/components/StatusBadge";
import { countStates, type PlacedStep } from "@/pages/jobs/graph/model";

interface Props {
  steps: PlacedStep[];
  selected: string;
  onPick: (path: string) => void;
  view: string;
  onView: (view: string) => void;
  /** Leads to the step that failed first; null when none failed. */
  onCause: (() => void) | null;
}

/** What stands above a graph: how far it is, the way to the first failure, a search, graph or list. */
export function Toolbar({ steps, selected, onPick, view, onView, onCause }: Props) {
  const { t } = useTranslation("pipelines");
  return (
    <Group justify="space-between" mb="sm" gap="sm">
      <Group gap="xs">
        {onCause && (
          <Button size="xs" color="red.9" leftSection={<IconAlertTriangle size={14} aria-hidden />} onClick={onCause}>
            {t("graph.firstFailed")}
          </Button>
        )}
        <Counts steps={steps} />
      </Group>
      <Group gap="xs">
        <Select
          size="xs"
          w={240}
          searchable
          clearable
          limit={50}
          value={selected || null}
          data={steps.map(({ path }) => path)}
          onChange={(path) => onPick(path ?? "")}
          placeholder={t("graph.find")}
          aria-label={t("graph.find")}
          nothingFoundMessage={t("graph.nothingFound")}
        />
        <SegmentedControl
          size="xs"
          value={view}
          onChange={onView}
          aria-label={t("graph.view")}
          data={[
            { value: "graph", label: t("graph.asGraph") },
            { value: "list", label: t("graph.asList") },
          ]}
        />
      </Group>
    </Group>
  );
}

function Counts({ steps }: { steps: PlacedStep[] }) {
  const { t } = useTranslation(["pipelines", "status"]);
  const counts = countStates(steps.map(({ step }) => step)).filter(([state]) => state !== "");
  return (
    <Group gap={6} component="ul" aria-label={t("graph.counts")} m={0} p={0}>
      {counts.map(([state, count]) => {
        const Icon = state === "Reused" ? IconRecycle : statusIcon(state);
        return (
          <li key={state} style={{ listStyle: "none" }}>
            <Badge
              variant="light"
              tt="none"
              color={state === "Reused" ? "violet" : statusColour(state)}
              leftSection={<Icon size={12} aria-hidden />}
            >
              {state === "Reused" ? t("graph.reused") : t(`status:${state as "Queued"}`, { defaultValue: state })}{" "}
              {count}
            </Badge>
          </li>
        );
      })}
    </Group>
  );
}
