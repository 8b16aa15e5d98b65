import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, send } from "@/api/native";

/** A connection: the keys of its document, which depend on its type; secrets come masked. */
export interface Connection {
  name: string;
  type: string;
  target?: string;
  description?: string;
  tags?: Record<string, string>;
  metadata?: Record<string, unknown>;
  credentials?: Record<string, unknown>;
  creation_context: { created_at: string | null; created_by: string };
  [key: string]: unknown;
}

/** The connections of a workspace. */
export function useConnections(workspace: string) {
  return useQuery({
    queryKey: listKey(workspace, "connections"),
    queryFn: async () => (await read<{ value: Connection[] }>(nativeAddress(workspace, "connections"))).value,
  });
}

/** One connection. */
export function useConnection(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "connections", name),
    queryFn: () => read<Connection>(nativeAddress(workspace, "connections", name)),
  });
}

/** Makes a connection, or replaces its document; secrets go there and never come back. */
export function usePutConnection(workspace: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (document: Record<string, unknown>) =>
      send<Connection>("PUT", nativeAddress(workspace, "connections", String(document.name)), document),
    onSuccess: (made) => {
      client.setQueryData(itemKey(workspace, "connections", made.name), made);
      void client.invalidateQueries({ queryKey: listKey(workspace, "connections") });
    },
    gcTime: 0, // the document holds secrets: it is not kept longer than it takes
  });
}
