import { type RunRow, toNumber } from "@/api/runs";

/** What of runs is compared. */
export type Kind = "params" | "metrics" | "tags";

/** One line of the comparison: a key and what each run has under it. */
export interface Line {
  kind: Kind;
  key: string;
  /** One a run, in the order of the runs; null where a run has none. */
  values: (string | number | null)[];
  differs: boolean;
}

const KINDS: Kind[] = ["params", "metrics", "tags"];
const SYSTEM_TAG = /^mlflow\./;

/** All keys that any of the runs has, parameters first; MLflow's own tags are left out. */
export function linesOf(runs: RunRow[]): Line[] {
  return KINDS.flatMap((kind) => keysOf(runs, kind).map((key) => lineOf(runs, kind, key)));
}

function keysOf(runs: RunRow[], kind: Kind): string[] {
  const keys = new Set(runs.flatMap((run) => Object.keys(run[kind])));
  return [...keys].filter((key) => kind !== "tags" || !SYSTEM_TAG.test(key)).sort((a, b) => a.localeCompare(b));
}

function lineOf(runs: RunRow[], kind: Kind, key: string): Line {
  const values = runs.map((run) => {
    const value = run[kind][key];
    if (value === undefined) return null;
    return kind === "metrics" ? toNumber(value) : value;
  });
  return { kind, key, values, differs: values.some((value) => !Object.is(value, values[0])) };
}

/** A value that a chart can have on an axis. */
export interface Dimension {
  id: string;
  label: string;
  isNumeric: boolean;
  values: (string | number | null)[];
}

/** What charts can show of the runs: metrics, and parameters as numbers where all of them are. */
export function dimensionsOf(lines: Line[]): Dimension[] {
  return lines.filter(({ kind }) => kind !== "tags").map(dimensionOf);
}

function dimensionOf({ kind, key, values }: Line): Dimension {
  const isNumber = (value: string | number | null) =>
    value === null || (value !== "" && Number.isFinite(Number(value)));
  const isNumeric = kind === "metrics" || values.every(isNumber);
  const numbers = values.map((value) => (value !== null && isNumber(value) ? Number(value) : null));
  return { id: `${kind}.${key}`, label: key, isNumeric, values: isNumeric ? numbers : values };
}

/** The dimensions that tell the runs apart, at most `most`: parameters that differ, then metrics. */
export function tellingDimensions(dimensions: Dimension[], most: number): Dimension[] {
  return dimensions.filter(({ values }) => new Set(values).size > 1).slice(0, most);
}

/** The keys of the metrics, those of the machine at the end. */
export function metricKeys(lines: Line[]): string[] {
  const keys = lines.filter(({ kind }) => kind === "metrics").map(({ key }) => key);
  const isSystem = (key: string) => Number(key.startsWith("system/"));
  return keys.sort((one, other) => isSystem(one) - isSystem(other));
}
