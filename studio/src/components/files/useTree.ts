import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type FileSource, folderQuery } from "@/api/files";
import { foldersAbove, type Listing, type TreeRow, treeRows } from "@/components/files/tree";

export interface Tree {
  rows: TreeRow[];
  listings: ReadonlyMap<string, Listing>;
  toggle: (folder: string) => void;
  showMore: (folder: string) => void;
  retry: (folder: string) => void;
}

/** The state of a tree: which folders are open, and what lies in them; the way to `selected` is open at first. */
export function useTree(source: FileSource, selected: string): Tree {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(foldersAbove(selected)));
  const [parts, setParts] = useState<Readonly<Record<string, number>>>({});
  const folders = useMemo(
    () => ["", ...[...open].filter((one) => foldersAbove(one).every((f) => open.has(f)))],
    [open],
  );
  const queries = useQueries({ queries: folders.map((folder) => folderQuery(source, folder, parts[folder] ?? 1)) });
  const listings = new Map<string, Listing>();
  folders.forEach((folder, index) => {
    const { data, error } = queries[index] ?? {};
    listings.set(folder, { entries: data?.value ?? null, hasMore: data?.next != null, error: data ? null : error });
  });
  const toggle = useCallback((folder: string) => {
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(folder)) after.add(folder);
      return after;
    });
  }, []);
  const showMore = useCallback((folder: string) => {
    setParts((before) => ({ ...before, [folder]: (before[folder] ?? 1) + 1 }));
  }, []);
  const retry = (folder: string) => void queries[folders.indexOf(folder)]?.refetch();
  return { rows: treeRows(listings, open), listings, toggle, showMore, retry };
}
