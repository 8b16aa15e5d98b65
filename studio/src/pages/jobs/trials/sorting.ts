import type { SweepTrial } from "@/api/sweeps";
import type { Sort } from "@/components/table/columns";

/** Sorts trials by a column; those without a value come last, whichever way. */
export function sortTrials(trials: SweepTrial[], sort: Sort | null): SweepTrial[] {
  if (sort === null) return trials;
  const sign = sort.descending ? -1 : 1;
  const keyed = trials.map((trial) => ({ trial, key: keyOf(trial, sort.id) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return sign * compare(a.key, b.key);
  });
  return keyed.map(({ trial }) => trial);
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function keyOf(trial: SweepTrial, id: string): string | number | null {
  if (id === "number") return trial.number;
  if (id === "status") return trial.status;
  if (id === "value") return trial.value;
  if (id === "duration") return lengthOf(trial);
  const value: unknown = trial.parameters[id.slice("p:".length)];
  if (value === undefined || value === null) return null;
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
}

function lengthOf({ started_at, ended_at }: SweepTrial): number | null {
  if (started_at === null) return null;
  return (ended_at === null ? Date.now() : Date.parse(ended_at)) - Date.parse(started_at);
}
