import ignore from "ignore";
import { fetchRaw } from "@/api/client";
import { nativeAddress, send } from "@/api/native";

/** A file that the person chose, with its path below the folder. */
export interface Chosen {
  path: string;
  file: File;
}

interface Answer {
  digest: string;
  missing: string[];
  uri: string;
}

/** The browser gives no digests: it does so only over HTTPS and on the server's own machine. */
export class NoDigestsError extends Error {}

const ALWAYS = [".git/", "__pycache__/", ".ipynb_checkpoints/", ".DS_Store", ".amlignore"];
const RULES = [".amlignore", ".gitignore"];
const AT_ONCE = 4;

/** The files of a chosen folder, without those that the folder's own rules leave at home. */
export async function wantedFiles(files: File[]): Promise<Chosen[]> {
  const all = files.map((file) => ({ path: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file }));
  const rules = RULES.map((name) => all.find(({ path }) => path === name)).find((found) => found !== undefined);
  const judge = ignore().add(ALWAYS);
  if (rules) judge.add(await rules.file.text());
  return all.filter(({ path }) => !judge.ignores(path));
}

/** Sends files by their content, only those that the server has not got yet; gives the address of the whole.
 *
 * @param basename of the folder, or of the single file.
 * @param tell is told the share that is done, 0 to 1.
 * @throws ApiError when the server refuses, NoDigestsError when the browser can't reckon digests.
 */
export async function sendFiles(
  workspace: string,
  purpose: "code" | "data",
  basename: string,
  chosen: Chosen[],
  tell: (share: number) => void,
): Promise<string> {
  if (!("subtle" in crypto) || crypto.subtle === undefined) throw new NoDigestsError();
  const known = await Promise.all(chosen.map(async ({ path, file }) => ({ path, file, sha256: await digest(file) })));
  const files = known.map(({ path, file, sha256 }) => ({ path, size: file.size, sha256, mode: "644" }));
  const body = { manifest: { files }, purpose, basename };
  let answer = await send<Answer>("POST", nativeAddress(workspace, "uploads"), body);
  const missing = known.filter(({ sha256 }, at) => answer.missing.includes(sha256) && firstOf(known, sha256) === at);
  let done = 0;
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const part = missing.slice(at, at + AT_ONCE);
    await Promise.all(part.map(({ sha256, file }) => put(workspace, sha256, file)));
    done += part.length;
    tell(done / missing.length);
  }
  answer = await send<Answer>("POST", nativeAddress(workspace, "uploads", answer.digest, "complete"), body);
  if (answer.missing.length > 0) throw new Error(`${answer.missing.length} files did not arrive.`);
  tell(1);
  return answer.uri;
}

function firstOf(known: { sha256: string }[], sha256: string): number {
  return known.findIndex((one) => one.sha256 === sha256);
}

function put(workspace: string, sha256: string, file: File): Promise<Response> {
  return fetchRaw(nativeAddress(workspace, "uploads", "blobs", sha256), { method: "PUT", body: file });
}

async function digest(file: File): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A copy of a document with an address in the place of a local path. */
export function withAddress(
  document: Record<string, unknown>,
  path: (string | number)[],
  address: string,
): Record<string, unknown> {
  const made = structuredClone(document);
  const last = path.at(-1);
  let holder: Record<string | number, unknown> = made;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
  if (last !== undefined) holder[last] = address;
  return made;
}
