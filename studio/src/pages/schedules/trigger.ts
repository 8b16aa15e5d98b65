import type { TFunction } from "i18next";

interface Trigger {
  type?: string;
  expression?: string;
  frequency?: string;
  interval?: number;
  schedule?: {
    hours?: number | number[];
    minutes?: number | number[];
    week_days?: string | string[];
    month_days?: number | number[];
  };
  time_zone?: string;
  start_time?: string;
  end_time?: string;
}

type Frequency = "minute" | "hour" | "day" | "week" | "month";

/** Reads a trigger of a document, whatever it holds. */
export function readTrigger(given: unknown): Trigger {
  return typeof given === "object" && given !== null ? (given as Trigger) : {};
}

/** Says in a line when a schedule fires: `Every 2 days at 08:00`. */
export function triggerWords(t: TFunction<"schedules">, given: unknown, language: string): string {
  const trigger = readTrigger(given);
  if (trigger.expression) return t("cron", { expression: trigger.expression });
  const frequency = String(trigger.frequency ?? "").toLowerCase() as Frequency;
  const interval = trigger.interval ?? 1;
  const every =
    interval === 1
      ? t("everyOne", { frequency: t(`frequencyOne.${frequency}`, { defaultValue: frequency }) })
      : t("every", { interval, frequency: t(`frequency.${frequency}`, { defaultValue: frequency }) });
  const { hours, minutes, week_days, month_days } = trigger.schedule ?? {};
  const days = [...many(week_days).map((day) => weekDay(String(day), language)), ...many(month_days).map(String)];
  const times = many(hours).flatMap((hour) => orZero(many(minutes)).map((minute) => `${pad(hour)}:${pad(minute)}`));
  const parts = [every];
  if (days.length > 0) parts.push(t("on", { days: days.join(", ") }));
  if (times.length > 0) parts.push(t("at", { times: times.join(", ") }));
  return parts.join(" ");
}

function many<T>(value: T | T[] | undefined | null): T[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function orZero(minutes: number[]): number[] {
  return minutes.length > 0 ? minutes : [0];
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

function weekDay(name: string, language: string): string {
  const index = DAYS.indexOf(name.toLowerCase());
  if (index < 0) return name;
  return new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" }).format(Date.UTC(2023, 0, 1 + index));
}
