import type { Schema } from "@/api/drafts";

export type Path = (string | number)[];

/** The plain schemas that a schema stands for: references followed, alternatives side by side. */
export function branches(schema: Schema, root: Schema, depth = 0): Schema[] {
  if (depth > 12) return [];
  if (schema.$ref) {
    const target = root.$defs?.[schema.$ref.replace("#/$defs/", "")];
    return target ? branches(target, root, depth + 1) : [];
  }
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (inner.length === 0) return [schema];
  return inner.flatMap((one) => branches(one, root, depth + 1));
}

/** The schemas that hold at a path of a document; where types decide, only those of the types that stand there. */
export function schemasAt(root: Schema, path: Path, document: unknown): Schema[] {
  let found = fitting(branches(root, root), document);
  let value = document;
  for (const step of path) {
    value = isRecord(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[step] : undefined;
    const inner = found.flatMap((schema) => below(schema, step)).flatMap((schema) => branches(schema, root));
    found = fitting(inner, value);
  }
  return found;
}

function below(schema: Schema, step: string | number): Schema[] {
  if (typeof step === "number") return schema.items ? [schema.items] : [];
  const own = schema.properties?.[step];
  if (own) return [own];
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}

/** Leaves out the alternatives whose `type` is another one than the document's. */
function fitting(schemas: Schema[], value: unknown): Schema[] {
  const type = isRecord(value) ? value.type : undefined;
  const wanted = typeof type === "string" ? type : defaultType(value);
  if (wanted === undefined) return schemas;
  const kept = schemas.filter((schema) => {
    const allowed = schema.properties?.type?.enum;
    return allowed === undefined || allowed.includes(wanted);
  });
  return kept.length > 0 ? kept : schemas;
}

/** A job that does not say its type is a command. */
function defaultType(value: unknown): string | undefined {
  return isRecord(value) && "command" in value ? "command" : undefined;
}

/** The values that a schema allows, when they can be listed. */
export function valuesOf(schemas: Schema[]): string[] {
  const found = schemas.flatMap((schema) => {
    if (schema.enum) return schema.enum;
    if (schema.const !== undefined) return [schema.const];
    return schema.type === "boolean" ? [true, false] : [];
  });
  return [...new Set(found.map(String))];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
