import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatAgo, formatBytes, formatDuration, formatMoment, formatNumber } from "@/lib/format";

type Moment = number | string | null | undefined;

function millis(moment: Moment): number | null {
  if (moment === null || moment === undefined || moment === "") return null;
  const value = typeof moment === "number" ? moment : Date.parse(moment);
  return Number.isNaN(value) ? null : value;
}

/** The present moment, renewed every `everyMs`; stands still when `everyMs` is 0. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (everyMs === 0) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago a moment (milliseconds since 1970, or ISO 8601) is; the exact time in the person's zone on hover. */
export function TimeAgo({ at }: { at: Moment }) {
  const { i18n } = useTranslation();
  const now = useNow(15_000);
  const value = millis(at);
  if (value === null) return <span>—</span>;
  return (
    <Tooltip label={formatMoment(value, i18n.language)} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={new Date(value).toISOString()}>{formatAgo(value, now, i18n.language)}</time>
    </Tooltip>
  );
}

/** A moment in the person's own zone. */
export function DateTime({ at }: { at: Moment }) {
  const { i18n } = useTranslation();
  const value = millis(at);
  if (value === null) return <span>—</span>;
  return <time dateTime={new Date(value).toISOString()}>{formatMoment(value, i18n.language)}</time>;
}

/** The length between two moments; runs on while `to` is missing. */
export function Duration({ from, to }: { from: Moment; to?: Moment }) {
  const start = millis(from);
  const end = millis(to);
  const now = useNow(start !== null && end === null ? 1_000 : 0);
  if (start === null) return <span>—</span>;
  return <span className="number">{formatDuration((end ?? now) - start)}</span>;
}

/** A size in bytes. */
export function Bytes({ value }: { value: number | null | undefined }) {
  const { i18n } = useTranslation();
  if (value === null || value === undefined) return <span>—</span>;
  return <span className="number">{formatBytes(value, i18n.language)}</span>;
}

/** A metric's value: shortened to read, whole on hover. */
export function MetricValue({ value }: { value: number | null | undefined }) {
  if (value === null || value === undefined) return <span>—</span>;
  return (
    <span className="number" title={String(value)}>
      {formatNumber(value)}
    </span>
  );
}
