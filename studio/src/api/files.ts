import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";

/** Content that can be walked through: a folder of a datastore, an output of a job, an asset, a code snapshot. */
export interface FileSource {
  workspace: string;
  /** Any reference to content: `azureml://datastores/…`, `azureml:name:version`, `azureml://codes/…`. */
  uri: string;
  /** Begins the keys under which its lists are cached: what tells that they are stale (`itemKey`, `listKey`). */
  scope: readonly unknown[];
}

/** A file or folder. */
export interface Entry {
  name: string;
  is_folder: boolean;
  /** Bytes; null for a folder. */
  size: number | null;
  modified_at: string | null;
}

/** An entry with its path below the source. */
export interface FileAt extends Entry {
  path: string;
}

interface EntryPage {
  value: Entry[];
  next: string | null;
}

export interface TablePage {
  format: string;
  columns: { name: string; type: string }[];
  rows: (string | number | boolean | null)[][];
  total: number | null;
  next: number | null;
  columns_left_out: number;
  is_head: boolean;
}

/** A part of a file, and how long the whole is. */
export interface Bytes {
  data: Uint8Array<ArrayBuffer>;
  start: number;
  total: number;
}

type What = "file" | "view" | "archive" | "children" | "table";

/** The address of something about a path of a source. */
export function contentAddress(
  source: FileSource,
  what: What,
  path: string,
  more: Record<string, string | number> = {},
): string {
  const given = Object.entries(more).map(([key, value]) => [key, String(value)] as [string, string]);
  const asked = new URLSearchParams([
    ["uri", source.uri],
    ...(path ? [["path", path] as [string, string]] : []),
    ...given,
  ]);
  return `/api/v1/workspaces/${encodeURIComponent(source.workspace)}/content/${what}?${asked}`;
}

/** The entries of a folder, as many parts of the list as the person asked for. */
export function folderQuery(source: FileSource, path: string, parts = 1) {
  return queryOptions({
    queryKey: [...source.scope, "files", source.uri, path, parts],
    queryFn: () => readFolder(source, path, parts),
    placeholderData: (before: EntryPage | undefined) => before,
  });
}

async function readFolder(source: FileSource, path: string, parts: number): Promise<EntryPage> {
  const value: Entry[] = [];
  let next: string | null = null;
  for (let part = 0; part < parts; part += 1) {
    const answer = await fetchRaw(contentAddress(source, "children", path, next === null ? {} : { token: next }));
    const page = (await answer.json()) as EntryPage;
    value.push(...page.value);
    next = page.next;
    if (next === null) break;
  }
  return { value, next };
}

/** Bytes of a file from `start` to before `end`; a changed size or date makes them stale. */
export function bytesQuery(source: FileSource, file: FileAt, start: number, end: number) {
  return queryOptions({
    queryKey: [...source.scope, "bytes", source.uri, file.path, file.size, file.modified_at, start, end],
    queryFn: () => readBytes(contentAddress(source, "file", file.path), file.size ?? 0, start, end),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });
}

async function readBytes(address: string, size: number, start: number, end: number): Promise<Bytes> {
  if (size === 0) return { data: new Uint8Array(), start: 0, total: 0 };
  const answer = await fetchRaw(address, { headers: { Range: `bytes=${start}-${end - 1}` } });
  const data = new Uint8Array(await answer.arrayBuffer());
  const total = Number(answer.headers.get("content-range")?.split("/")[1] ?? data.length);
  return { data, start: answer.status === 206 ? start : 0, total };
}

/** The rows of a file that holds a table, page by page. */
export function tableQuery(source: FileSource, file: FileAt) {
  return infiniteQueryOptions({
    queryKey: [...source.scope, "table", source.uri, file.path, file.size, file.modified_at],
    queryFn: async ({ pageParam }) => {
      const answer = await fetchRaw(contentAddress(source, "table", file.path, { offset: pageParam }));
      return (await answer.json()) as TablePage;
    },
    initialPageParam: 0,
    getNextPageParam: (page: TablePage) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
