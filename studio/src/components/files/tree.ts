import type { Entry, FileAt } from "@/api/files";

/** What is known of an opened folder. */
export interface Listing {
  entries: Entry[] | null;
  hasMore: boolean;
  error: unknown;
}

/** One line of the tree. */
export type TreeRow =
  | { kind: "entry"; path: string; level: number; entry: Entry; isOpen: boolean; place: number; count: number }
  | { kind: "more" | "wait" | "none"; path: string; level: number }
  | { kind: "fault"; path: string; level: number; error: unknown };

/** The path of something within a folder. */
export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

/** The folder that something lies in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** All folders above a path, the outermost first. */
export function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** The lines of the tree, from its root down through every open folder. */
export function treeRows(listings: ReadonlyMap<string, Listing>, open: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const visit = (folder: string, level: number) => {
    const listing = listings.get(folder);
    if (listing?.error) rows.push({ kind: "fault", path: folder, level, error: listing.error });
    else if (!listing?.entries) rows.push({ kind: "wait", path: folder, level });
    else if (listing.entries.length === 0) rows.push({ kind: "none", path: folder, level });
    const entries = listing?.entries ?? [];
    entries.forEach((entry, index) => {
      const path = join(folder, entry.name);
      const isOpen = entry.is_folder && open.has(path);
      rows.push({ kind: "entry", path, level, entry, isOpen, place: index + 1, count: entries.length });
      if (isOpen) visit(path, level + 1);
    });
    if (listing?.hasMore) rows.push({ kind: "more", path: folder, level });
  };
  visit("", 1);
  return rows;
}

/** Finds the entry of a path among what is listed. */
export function findEntry(listings: ReadonlyMap<string, Listing>, path: string): FileAt | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const found = listings.get(folderOf(path))?.entries?.find((entry) => entry.name === name);
  return found ? { ...found, path } : null;
}

/** What a key does on a line of the tree (WAI-ARIA's tree pattern). */
export type TreeMove = { to: number } | { toggle: string } | null;

export function treeMove(key: string, rows: TreeRow[], at: number): TreeMove {
  const row = rows[at];
  const last = rows.length - 1;
  if (key === "ArrowDown") return { to: Math.min(last, at + 1) };
  if (key === "ArrowUp") return { to: Math.max(0, at - 1) };
  if (key === "Home") return { to: 0 };
  if (key === "End") return { to: last };
  if (key === "ArrowRight" && row?.kind === "entry" && row.entry.is_folder) {
    return row.isOpen ? { to: Math.min(last, at + 1) } : { toggle: row.path };
  }
  if (key === "ArrowLeft" && row) {
    if (row.kind === "entry" && row.isOpen) return { toggle: row.path };
    const above = rows.findIndex((one) => one.kind === "entry" && one.path === holderOf(row));
    return above >= 0 ? { to: above } : null;
  }
  if (key.length === 1 && key !== " ") return byLetter(key, rows, at);
  return null;
}

function holderOf(row: TreeRow): string {
  return row.kind === "entry" ? folderOf(row.path) : row.path;
}

function byLetter(key: string, rows: TreeRow[], at: number): TreeMove {
  for (let step = 1; step <= rows.length; step += 1) {
    const index = (at + step) % rows.length;
    const row = rows[index];
    if (row?.kind === "entry" && row.entry.name.toLowerCase().startsWith(key.toLowerCase())) return { to: index };
  }
  return null;
}
