import { compactJson } from "@/lib/json";

/** One column of what a model takes. */
export interface Field {
  name: string;
  kind: "number" | "integer" | "boolean" | "text" | "date";
  isRequired: boolean;
}

export type Values = Record<string, unknown>;

/** The columns that an endpoint's description (OpenAPI 2.0) names; empty for models that take no rows of columns. */
export function fieldsOf(description: Record<string, unknown>): Field[] {
  const columns = record(record(record(description.definitions).ServiceInput)["x-columns"]);
  const required = new Set(Array.isArray(columns.required) ? columns.required.map(String) : []);
  return Object.entries(record(columns.properties)).map(([name, given]) => {
    const { type, format } = record(given);
    return { name, kind: kindOf(String(type), String(format ?? "")), isRequired: required.has(name) };
  });
}

function kindOf(type: string, format: string): Field["kind"] {
  if (type === "number" || type === "integer" || type === "boolean") return type;
  return format === "date-time" ? "date" : "text";
}

/** A request to begin with: the model's own example, else the one of the description. */
export function exampleOf(description: Record<string, unknown>, example: unknown): unknown {
  if (example !== null && example !== undefined) return example;
  return record(record(description.definitions).ServiceInput).example ?? { input_data: [] };
}

/** The first row of a request in any of the forms that an endpoint takes, by column. */
export function firstRow(request: unknown): Values {
  const rows = record(request).input_data ?? request;
  if (Array.isArray(rows)) return record(rows[0]);
  const { columns, data } = record(rows);
  if (Array.isArray(columns) && Array.isArray(data)) {
    const row: unknown = data[0];
    return Object.fromEntries(
      columns.map((name, index) => [String(name), Array.isArray(row) ? row[index] : undefined]),
    );
  }
  return Object.fromEntries(
    Object.entries(record(rows)).map(([key, list]) => [key, Array.isArray(list) ? list[0] : list]),
  );
}

/** What stands in a form at first: the example's values. */
export function initialValues(fields: Field[], request: unknown): Values {
  const row = firstRow(request);
  return Object.fromEntries(fields.map(({ name, kind }) => [name, row[name] ?? (kind === "boolean" ? false : "")]));
}

/** Writes one row as the request that an endpoint takes; what is left empty is missing (null). */
export function requestOf(fields: Field[], values: Values): string {
  const row = fields.map((field) => typed(field, values[field.name]));
  const request = { input_data: { columns: fields.map(({ name }) => name), index: [0], data: [row] } };
  return compactJson(request);
}

/** The names of required columns that are still empty. */
export function missing(fields: Field[], values: Values): string[] {
  return fields
    .filter((field) => field.isRequired && field.kind !== "text" && isEmpty(values[field.name]))
    .map(({ name }) => name);
}

function typed(field: Field, value: unknown): unknown {
  if (isEmpty(value)) return field.kind === "text" && field.isRequired ? "" : null;
  if (field.kind === "number" || field.kind === "integer") return Number(value);
  return value;
}

function isEmpty(value: unknown): boolean {
  return value === "" || value === null || value === undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
