import i18next from "i18next";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Writes a number of bytes: `1.5 MiB`. */
export function formatBytes(bytes: number, language: string): string {
  const power = Math.min(UNITS.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  const value = bytes / 1024 ** power;
  const digits = power === 0 || value >= 100 ? 0 : 1;
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${UNITS[power]}`;
}

interface Units {
  ms: string;
  s: string;
  min: string;
  h: string;
  d: string;
}

const SHORT: Units = { ms: "ms", s: "s", min: "min", h: "h", d: "d" };
const JAPANESE: Units = { ms: "ms", s: "秒", min: "分", h: "時間", d: "日" };

/** Writes a length of time in milliseconds: `840 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`, `3 d 4 h`. */
export function formatDuration(ms: number, language: string = i18next.language): string {
  const unit = language === "ja" ? JAPANESE : SHORT;
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ${unit.ms}`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} ${unit.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${unit.min} ${pad(Math.floor(seconds % 60))} ${unit.s}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} ${unit.h} ${pad(minutes % 60)} ${unit.min}`;
  return `${Math.floor(hours / 24)} ${unit.d} ${hours % 24} ${unit.h}`;
}

/** Writes a number so that it reads well in a table: at most `digits` significant digits of a fraction, exponents when far from 1. */
export function formatNumber(value: number, digits = 5): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(Math.max(0, digits - 2));
  return size >= 10 ** digits ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** Writes how long ago (or how soon) a moment is: `3 minutes ago`. */
export function formatAgo(then: number, now: number, language: string): string {
  const distance = then - now;
  const [unit, size] = STEPS.find(([, ms]) => Math.abs(distance) >= ms) ?? ["second", 1_000];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(distance / size), unit);
}

/** Writes a moment in the person's own zone. */
export function formatMoment(then: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(then);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
