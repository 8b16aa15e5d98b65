/** Writes JSON to read: indented, but lists of plain values on one line. */
export function compactJson(value: unknown, indent = ""): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
    return `[\n${value.map((one) => inner + compactJson(one, inner)).join(",\n")}\n${indent}]`;
  }
  if (isPlain(value)) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value as object).map(
    ([key, one]) => `${inner}${JSON.stringify(key)}: ${compactJson(one, inner)}`,
  );
  return pairs.length === 0 ? "{}" : `{\n${pairs.join(",\n")}\n${indent}}`;
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value !== "object";
}
