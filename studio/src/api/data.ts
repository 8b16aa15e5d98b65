import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { itemKey, listKey } from "@/api/keys";
import { nativeAddress, read, send } from "@/api/native";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** A name with what a list shows of all its versions. */
export type DataName = Schemas["NameBody"];
export type DataVersion = Schemas["AssetBody"];
export type Profile = Schemas["ProfileBody"];
export type ColumnProfile = Schemas["ColumnProfile"];

interface Page<T> {
  value: T[];
  next: string | null;
}

/** What is asked for a new version. */
export interface NewData {
  name: string;
  type: string;
  path: string;
  version?: string;
  description?: string;
}

/** Names of data that hold a text, page after page. */
export function useDataNames(workspace: string, text: string, order: string, archived: string) {
  return useInfiniteQuery({
    queryKey: listKey(workspace, "data", text, order, archived),
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      send<Page<DataName>>("POST", nativeAddress(workspace, "data", "search"), {
        text,
        order,
        archived,
        ...(pageParam ? { token: pageParam } : {}),
      }),
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

/** The versions of a name, the newest first. */
export function useDataVersions(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, "data", name, "versions"),
    queryFn: () =>
      read<Page<DataVersion>>(`${nativeAddress(workspace, "data", name, "versions")}?archived=all&limit=1000`),
  });
}

/** One version; `latest` means the newest. */
export function useDataVersion(workspace: string, name: string, version: string) {
  return useQuery({
    queryKey: itemKey(workspace, "data", name, "version", version),
    queryFn: () =>
      read<DataVersion>(
        version === "latest"
          ? nativeAddress(workspace, "data", name, "labels", "latest")
          : nativeAddress(workspace, "data", name, "versions", version),
      ),
  });
}

/** What the columns of a version's table hold; content never changes within a version of the workspace's own. */
export function useProfile(workspace: string, data: DataVersion, path = "") {
  const uri = `azureml:${data.name}:${data.version}`;
  const asked = new URLSearchParams({ uri, ...(path ? { path } : {}) });
  return useQuery({
    queryKey: itemKey(workspace, "data", data.name, "profile", data.version, path),
    queryFn: () => read<Profile>(`${nativeAddress(workspace, "content", "profile")}?${asked}`),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** Makes a version. */
export function useCreateData(workspace: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (made: NewData) => send<DataVersion>("POST", nativeAddress(workspace, "data"), made),
    onSuccess: () => client.invalidateQueries({ queryKey: [workspace, "data"] }),
  });
}
