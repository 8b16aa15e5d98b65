import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { parse } from "yaml";
import type { Schema } from "@/api/drafts";
import { placeAt } from "@/pages/submit/place";
import { branches, type Path, schemasAt, valuesOf } from "@/pages/submit/schema";

/** Names of the workspace by the key that they may be the value of: `compute`, `environment`. */
export type Names = Record<string, string[]>;

/** Completes keys and values of a document by its schema, and names by what the workspace has. */
export function documentCompletion(root: Schema, names: () => Names): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const text = context.state.doc.toString();
    const place = placeAt(text, context.pos);
    if (place.written === "" && !context.explicit && place.key === null) return null;
    const line = context.state.doc.lineAt(context.pos);
    const options =
      place.key === null
        ? keys(root, place.path, place.begin, withoutLine(text, line.from, line.to))
        : values(root, place.path, place.key, text, names());
    return options.length === 0 ? null : { from: line.from + place.begin, options, validFor: /^[\w$@:./-]*$/ };
  };
}

function keys(root: Schema, path: Path, column: number, text: string): Completion[] {
  const document = read(text);
  const present = new Set(Object.keys(valueAt(document, path) ?? {}));
  const found = new Map<string, Completion>();
  for (const schema of schemasAt(root, path, document)) {
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      if (present.has(key) || found.has(key)) continue;
      const isNeeded = schema.required?.includes(key) ?? false;
      found.set(key, {
        label: key,
        type: "property",
        detail: isNeeded ? "*" : undefined,
        info: inner.description,
        apply: opensBlock(inner, root) ? `${key}:\n${" ".repeat(column + 2)}` : `${key}: `,
        boost: isNeeded ? 2 : 0,
      });
    }
  }
  return [...found.values()];
}

function opensBlock(schema: Schema, root: Schema): boolean {
  const kinds = branches(schema, root).map(({ type }) => type);
  return kinds.some((type) => type === "object") && !kinds.some((type) => type === "string" || Array.isArray(type));
}

function values(root: Schema, path: Path, key: string, text: string, names: Names): Completion[] {
  const listed = valuesOf(schemasAt(root, [...path, key], withoutType(read(text), key)));
  const named = names[key] ?? [];
  return [
    ...listed.map((label): Completion => ({ label, type: "constant" })),
    ...named.map((label): Completion => ({ label, type: "variable" })),
  ];
}

/** While the type itself is written, the one that stands there decides nothing. */
function withoutType(document: unknown, key: string): unknown {
  return key === "type" ? {} : document;
}

function withoutLine(text: string, from: number, to: number): string {
  return text.slice(0, from) + text.slice(to);
}

function read(text: string): unknown {
  try {
    return parse(text, { logLevel: "silent", maxAliasCount: 100 }) as unknown;
  } catch {
    return {};
  }
}

function valueAt(document: unknown, path: Path): object | null {
  let value = document;
  for (const step of path) value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  return typeof value === "object" ? value : null;
}
