import { useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, remove, send } from "@/api/native";
import type { TagChanges } from "@/lib/tags";

/** Kinds of assets that have no changes of their own. */
export type AssetNoun = "data" | "environments" | "components";

/** Ways to change an asset or one of its versions; every one throws an ApiError when the server refuses. */
export interface AssetChanges {
  describe: (description: string, version: string) => Promise<unknown>;
  setTags: (changes: TagChanges, version: string) => Promise<unknown>;
  /** Archives or restores one version, or without one the whole name. */
  archive: (isArchived: boolean, version?: string) => Promise<unknown>;
  /** Deletes one version, or without one the name with all of them. */
  remove: (version?: string) => Promise<unknown>;
}

/** Gives the ways to change an asset; each is over when the page shows what it did. `remove` needs `useLeaving`. */
export function useAssetChanges(workspace: string, noun: AssetNoun, name: string): AssetChanges {
  const client = useQueryClient();
  const forget = () => {
    void client.invalidateQueries({ queryKey: listKey(workspace, noun) });
    const documents = ["version", "versions"]; // what lies behind them is not read again: that may take long
    return client.invalidateQueries({
      queryKey: itemKey(workspace, noun, name),
      predicate: ({ queryKey }) => documents.includes(String(queryKey[3])),
    });
  };
  const address = (version?: string, ...rest: string[]) =>
    nativeAddress(workspace, noun, name, ...(version === undefined ? [] : ["versions", version]), ...rest);
  const turn = async (isArchived: boolean, version?: string) => {
    await fetchRaw(address(version, isArchived ? "archive" : "restore"), { method: "POST" });
    if (isArchived || version === undefined) return;
    const restored = await read<{ archived?: boolean }>(address(version));
    if (restored.archived) await turn(false); // its name is archived as a whole
  };
  return {
    describe: async (description, version) => {
      await send("PATCH", address(version), { description: description || null });
      await forget();
    },
    setTags: async (changes, version) => {
      await send("PATCH", address(version, "tags"), changes);
      await forget();
    },
    archive: async (isArchived, version) => {
      await turn(isArchived, version);
      await forget();
    },
    remove: async (version) => {
      await remove(address(version));
      void client.invalidateQueries({ queryKey: listKey(workspace, noun) });
    },
  };
}
