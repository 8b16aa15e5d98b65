import { Badge } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface Look {
  colour: string;
  icon: TablerIcon;
}

const WAITS: Look = { colour: "gray", icon: IconClock };
const WORKS: Look = { colour: "lapis", icon: IconPlayerPlay };
const GOOD: Look = { colour: "teal", icon: IconCheck };
const BAD: Look = { colour: "red", icon: IconX };
const ENDED: Look = { colour: "gray", icon: IconPlayerStop };
const DOUBT: Look = { colour: "orange", icon: IconAlertTriangle };

const LOOKS: Record<string, Look> = {
  NotStarted: WAITS,
  Queued: WAITS,
  Preparing: WORKS,
  Environment: WORKS,
  Inputs: WORKS,
  Provisioning: WORKS,
  Starting: WORKS,
  Running: WORKS,
  Finalizing: WORKS,
  CancelRequested: ENDED,
  Completed: GOOD,
  Failed: BAD,
  Canceled: ENDED,
  NotResponding: DOUBT,
  Paused: { colour: "gray", icon: IconPlayerPause },
  Succeeded: GOOD,
  Creating: WORKS,
  Updating: WORKS,
  Deleting: ENDED,
  Enabled: GOOD,
  Disabled: { colour: "gray", icon: IconPlayerPause },
  Ready: GOOD,
  Healthy: GOOD,
  Degraded: DOUBT,
  Unhealthy: BAD,
  Stopped: ENDED,
  READY: GOOD,
  RUNNING: WORKS,
  FINISHED: GOOD,
  FAILED: BAD,
  KILLED: ENDED,
  SCHEDULED: WAITS,
};

/** The colour that stands for a state everywhere: tables, graphs, charts. */
export function statusColour(status: string): string {
  return (LOOKS[status] ?? WAITS).colour;
}

/** The icon that stands for a state everywhere. */
export function statusIcon(status: string): TablerIcon {
  return (LOOKS[status] ?? WAITS).icon;
}

/** A state as word, icon and colour. */
export function StatusBadge({ status }: { status: string }) {
  const { t } = useTranslation("status");
  const { colour, icon: Icon } = LOOKS[status] ?? WAITS;
  const label = t(status as "Queued", { defaultValue: status });
  return (
    <Badge
      variant="light"
      color={colour}
      tt="none"
      leftSection={<Icon size={12} aria-hidden />}
      styles={{ label: { overflow: "visible" } }}
      style={{ flexShrink: 0 }}
    >
      {label}
    </Badge>
  );
}
