import { type MeasuredVersion, metricOf, ownMetrics, type SignatureColumn } from "@/api/models";

export type Kind = "facts" | "metrics" | "params" | "inputs" | "outputs";

/** One line of a comparison: a key and what each version has for it, as text. */
export interface Line {
  key: string;
  /** One for each version; null where a version has none. */
  values: (string | null)[];
  /** Of metrics: the numbers. */
  numbers?: (number | null)[];
  isDifferent: boolean;
}

export interface Part {
  kind: Kind;
  lines: Line[];
}

/** Puts versions side by side: metrics, parameters and signatures, a line for each key that any of them has. */
export function compare(versions: MeasuredVersion[]): Part[] {
  return [
    { kind: "metrics", lines: metricLines(versions) },
    { kind: "params", lines: lines(versions, ({ run }) => run?.params ?? {}) },
    { kind: "inputs", lines: lines(versions, ({ signature }) => columns(signature?.inputs)) },
    { kind: "outputs", lines: lines(versions, ({ signature }) => columns(signature?.outputs)) },
  ];
}

function metricLines(versions: MeasuredVersion[]): Line[] {
  const found = lines(versions, ({ run }) =>
    Object.fromEntries(ownMetrics(run).map(([key, value]) => [key, String(value)])),
  );
  return found.map((line) => ({
    ...line,
    numbers: line.values.map((value) => metricOf(value ?? undefined)),
  }));
}

function lines(versions: MeasuredVersion[], valuesOf: (version: MeasuredVersion) => Record<string, string>): Line[] {
  const each = versions.map(valuesOf);
  const keys = [...new Set(each.flatMap((values) => Object.keys(values)))].sort();
  return keys.map((key) => {
    const values = each.map((one) => one[key] ?? null);
    return { key, values, isDifferent: new Set(values).size > 1 };
  });
}

/** The columns of a signature by name, or by place where they have none. */
function columns(given: SignatureColumn[] | undefined): Record<string, string> {
  const pairs = (given ?? []).map(({ name, type, shape, required }, index) => [
    name ?? `[${index}]`,
    `${type}${shape ? ` (${shape.join(", ")})` : ""}${required ? "" : "?"}`,
  ]);
  return Object.fromEntries(pairs);
}
