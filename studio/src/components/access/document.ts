import { type Access, type AccessKind, MASK } from "@/components/access/kinds";

export type Document = Record<string, unknown>;

/** A name and a value of a list of them. */
export interface Line {
  id: number;
  key: string;
  value: string;
  /** The value is a secret that the server has already. */
  isKept?: boolean;
}

/** What the form holds. */
export interface Draft {
  name: string;
  type: string;
  way: string;
  description: string;
  fields: Record<string, string>;
  credentials: Record<string, string>;
  /** Names and secrets of credentials that are a list of them. */
  keys: Line[];
  metadata: Line[];
  tags: Line[];
}

/** The keys under which a connection's document may say where it leads. */
const TARGETS = ["target", "endpoint", "azure_endpoint", "api_base", "url"];

/** A form to begin with, empty or as a document says. */
export function draftOf(access: Access, before?: Document): Draft {
  const type = String(before?.type ?? access.kinds[0]?.type ?? "");
  const kind = access.kinds.find((one) => one.type === type);
  const credentials = recordOf(before?.credentials);
  return {
    name: String(before?.name ?? ""),
    type,
    way: before ? wayOf(access, before) : (kind?.ways[0] ?? "none"),
    description: String(before?.description ?? ""),
    fields: Object.fromEntries((kind?.fields ?? []).map(({ key }) => [key, textOf(before?.[keyIn(before, key)])])),
    credentials: Object.fromEntries(
      Object.entries(credentials).map(([key, value]) => [key, value === MASK ? "" : textOf(value)]),
    ),
    keys: linesOf(credentials.keys),
    metadata: linesOf(before?.metadata),
    tags: linesOf(before?.tags),
  };
}

/** The type of a document's credentials: as it says, else the one whose keys are there. */
export function wayOf(access: Access, document: Document): string {
  if (document.api_key !== undefined) return "api_key";
  const { type, ...given } = recordOf(document.credentials);
  if (type !== undefined) return String(type);
  const keys = Object.keys(given);
  if (keys.length === 0) return "none";
  const fitting = Object.entries(access.ways).find(
    ([, fields]) => fields.length > 0 && keys.every((key) => fields.some((field) => field.key === key)),
  );
  return fitting?.[0] ?? "none";
}

/** Whether the server has a secret of that key, which stays when nothing is written in its place. */
export function isKept(before: Document | undefined, way: string, access: Access, key: string): boolean {
  if (!before || wayOf(access, before) !== way) return false;
  return recordOf(before.credentials)[key] === MASK || (key === "key" && before.api_key === MASK);
}

/** The document that the form describes; what the form does not know stays as it was. */
export function documentOf(access: Access, draft: Draft, before?: Document): Document {
  const kind = access.kinds.find((one) => one.type === draft.type);
  const rest: Document = { ...before };
  for (const key of [
    "id",
    "is_default",
    "creation_context",
    "credentials",
    "api_key",
    "description",
    "metadata",
    "tags",
  ]) {
    delete rest[key];
  }
  for (const { key } of kind?.fields ?? []) delete rest[keyIn(before, key)];
  const fields = (kind?.fields ?? [])
    .map((field) => [keyIn(before, field.key), draft.fields[field.key]?.trim() ?? "", field.isNumber] as const)
    .filter(([, value]) => value !== "")
    .map(([key, value, isNumber]) => [key, isNumber ? Number(value) : value]);
  const made: Document = { ...rest, name: draft.name.trim(), type: draft.type, ...Object.fromEntries(fields) };
  if (draft.description.trim()) made.description = draft.description.trim();
  const metadata = { ...otherThanText(before?.metadata), ...mappingOf(draft.metadata) };
  if (Object.keys(metadata).length > 0) made.metadata = metadata;
  const tags = mappingOf(draft.tags);
  if (Object.keys(tags).length > 0) made.tags = tags;
  return { ...made, ...withCredentials(access, draft, kind, before) };
}

function withCredentials(access: Access, draft: Draft, kind: AccessKind | undefined, before?: Document): Document {
  const { way } = draft;
  if (!kind?.ways.includes(way) || (way === "none" && !access.saysWay)) return {};
  const given: Document = {};
  for (const field of access.ways[way] ?? []) {
    const value = field.isMapping ? mappingOf(draft.keys) : (draft.credentials[field.key]?.trim() ?? "");
    if (value !== "") given[field.key] = value;
    else if (isKept(before, way, access, field.key)) given[field.key] = MASK;
  }
  if (way === "api_key" && before?.api_key !== undefined) return { api_key: given.key };
  return { credentials: access.saysWay ? { type: way, ...given } : given };
}

/** Where a connection leads, under whichever key its document says so. */
export function targetOf(document: Document): string {
  return textOf(document[keyIn(document, "target")]);
}

/** The key under which a document says something: an address has several. */
function keyIn(before: Document | undefined, key: string): string {
  if (key !== "target" || !before) return key;
  return TARGETS.find((one) => typeof before[one] === "string") ?? key;
}

function mappingOf(lines: Line[]): Record<string, string> {
  const named = lines.filter(({ key }) => key.trim());
  return Object.fromEntries(named.map(({ key, value, isKept: kept }) => [key.trim(), kept && !value ? MASK : value]));
}

function linesOf(given: unknown): Line[] {
  return Object.entries(recordOf(given))
    .filter(([, value]) => typeof value === "string")
    .map(([key, value], id) => ({ id, key, value: value === MASK ? "" : String(value), isKept: value === MASK }));
}

function otherThanText(given: unknown): Document {
  return Object.fromEntries(Object.entries(recordOf(given)).filter(([, value]) => typeof value !== "string"));
}

function recordOf(given: unknown): Document {
  return typeof given === "object" && given !== null ? (given as Document) : {};
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
