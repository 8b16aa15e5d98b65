import i18next from "i18next";
import type { DocumentKind } from "@/api/drafts";
import { jobAddress } from "@/api/jobs";
import { nativeAddress, read, send } from "@/api/native";
import { path } from "@/lib/workspace";

interface Version {
  name: string;
  version: string;
}

/** Makes what a document describes.
 *
 * @param replaces whether a schedule of that name may be there already.
 * @returns the address of its page.
 * @throws ApiError when the server refuses.
 */
export async function create(
  workspace: string,
  kind: DocumentKind,
  name: string,
  document: Record<string, unknown>,
  replaces: boolean,
): Promise<string> {
  if (kind === "job") {
    await send("PUT", jobAddress(workspace, name), { document });
    return path(workspace, "jobs", name);
  }
  if (kind === "schedule") {
    if (!replaces) await refuseTaken(workspace, name);
    await send("PUT", nativeAddress(workspace, "schedules", name), document);
    return path(workspace, "schedules", name);
  }
  const nouns = kind === "environment" ? "environments" : "components";
  const made = await send<Version>("POST", nativeAddress(workspace, nouns), document);
  return path(workspace, nouns, made.name, made.version);
}

/** The server takes a schedule of a known name as a change; who makes a new one does not mean that. */
async function refuseTaken(workspace: string, name: string): Promise<void> {
  const known = await read<{ value: { name: string }[] }>(`${nativeAddress(workspace, "schedules")}?limit=1000`);
  if (known.value.some((one) => one.name === name)) throw new Error(i18next.t("submit:taken", { name }));
}
