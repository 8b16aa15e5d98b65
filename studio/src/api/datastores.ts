import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, send } from "@/api/native";

/** A datastore: the keys of its document, which depend on its type; secrets come masked. */
export interface Datastore {
  name: string;
  type: string;
  description?: string;
  tags?: Record<string, string>;
  is_default: boolean;
  credentials?: Record<string, unknown>;
  creation_context: { created_at: string | null; created_by: string };
  [key: string]: unknown;
}

/** The datastores of a workspace. */
export function useDatastores(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, "datastores"),
    queryFn: async () => (await read<{ value: Datastore[] }>(nativeAddress(workspace, "datastores"))).value,
  });
}

/** One datastore. */
export function useDatastore(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "datastores", name),
    queryFn: () => read<Datastore>(nativeAddress(workspace, "datastores", name)),
  });
}

/** Makes a datastore the one that is used where none is named. */
export function useMakeDefault(workspace: string, name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => send<Datastore>("POST", nativeAddress(workspace, "datastores", name, "set-default"), {}),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace, "datastores"] }),
  });
}

/** Makes a datastore, or replaces its document; credentials go there and never come back. */
export function usePutDatastore(workspace: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (document: Record<string, unknown>) =>
      send<Datastore>("PUT", nativeAddress(workspace, "datastores", String(document.name)), document),
    onSuccess: (made) => {
      client.setQueryData(itemKey(workspace, "datastores", made.name), made);
      void client.invalidateQueries({ queryKey: listKey(workspace, "datastores") });
    },
    gcTime: 0, // the document holds secrets: it is not kept longer than it takes
  });
}
