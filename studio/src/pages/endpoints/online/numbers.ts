import { formatDuration } from "@/lib/format";

/** A share from 0 to 1 as percent: `0 %`, `0.4 %`, `12 %`. */
export function percent(share: number, language: string): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return `${(100 * share).toLocaleString(language, { maximumFractionDigits: digits })} %`;
}

/** Requests per second, so that little and much both read well. */
export function rate(value: number, language: string): string {
  const digits = value > 0 && value < 10 ? (value < 0.1 ? 2 : 1) : 0;
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

/** A time in seconds: milliseconds below ten, with one decimal where it matters. */
export function seconds(value: number): string {
  if (value > 0 && value < 0.01) return `${(1000 * value).toFixed(1)} ms`;
  return formatDuration(1000 * value);
}
