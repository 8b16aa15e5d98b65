import { queryOptions } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import type { FileAt, FileSource } from "@/api/files";
import { itemKey } from "@/api/keys";
import { kindOf } from "@/components/files/kinds";

export type { FileAt, FileSource } from "@/api/files";

/** The images among a run's artifacts, by path. */
export function contentListing(workspace: string, run: string) {
  const scope = itemKey(workspace, "runs", run);
  const source: FileSource = {
    workspace,
    uri: `azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.${run}/`,
    scope,
  };
  return queryOptions({
    queryKey: [...scope, "artifact-images"],
    retry: false,
    queryFn: async () => ({ source, images: await readImages(source) }),
  });
}

async function readImages(source: FileSource): Promise<Map<string, FileAt>> {
  const address = `/api/v1/workspaces/${encodeURIComponent(source.workspace)}/content`;
  const answer = await fetchRaw(`${address}?${new URLSearchParams({ uri: source.uri })}`);
  const { value } = (await answer.json()) as { value: { path: string; size: number }[] };
  const images = value.filter(({ path }) => ["image", "svg"].includes(kindOf(path)));
  return new Map(
    images.map(({ path, size }) => [
      path,
      { path, name: path.split("/").at(-1) ?? path, size, is_folder: false, modified_at: null },
    ]),
  );
}
