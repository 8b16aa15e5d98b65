import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import i18next from "i18next";
import ignore from "ignore";
import { nativeAddress, send } from "@/api/native";
import { putBlob } from "@/lib/put-blob";

const PIECE = 4 << 20;
const AT_ONCE = 4;
/** How often what went missing in between is sent again. */
const ROUNDS = 3;

const ALWAYS = [".git/", "__pycache__/", ".ipynb_checkpoints/", ".DS_Store", ".amlignore"];
const RULES = [".amlignore", ".gitignore"];

/** A file to upload, with its path below the folder that is uploaded; of a single file its name. */
export interface UploadFile {
  path: string;
  file: Blob;
}

/** How far an upload is: 0 to 1, first of reading and then of sending. */
export interface UploadProgress {
  phase: "reading" | "sending";
  part: number;
}

/** What is uploaded, and how. */
export interface Upload {
  files: UploadFile[];
  /** Name of the file or folder that they become. */
  basename: string;
  purpose: "data" | "code";
  onProgress: (progress: UploadProgress) => void;
  /** Ends the upload; what arrived stays for another try. */
  signal?: AbortSignal;
}

interface UploadAnswer {
  digest: string;
  missing: string[];
  uri: string;
}

/**
 * Uploads files by their content: what the server has already is not sent again.
 *
 * @returns the address of the content.
 * @throws ApiError when the server refused; Error when contents keep being missing; the signal's reason when it ended the upload.
 */
export async function upload(workspace: string, { files, basename, purpose, onProgress, signal }: Upload) {
  const digests = await digestsOf(files, (part) => onProgress({ phase: "reading", part }), signal);
  const listed = files.map(({ path, file }, index) => ({ path, size: file.size, sha256: digests[index], mode: "644" }));
  const asked = { manifest: { files: listed }, purpose, basename };
  let answer = await send<UploadAnswer>("POST", nativeAddress(workspace, "uploads"), asked);
  const contents = new Map(digests.map((digest, index) => [digest, files[index]?.file]));
  for (let round = 0; round < ROUNDS; round += 1) {
    await sendAll(workspace, answer.missing, contents, (part) => onProgress({ phase: "sending", part }), signal);
    const done = nativeAddress(workspace, "uploads", answer.digest, "complete");
    answer = await send<UploadAnswer>("POST", done, asked);
    if (answer.missing.length === 0) return answer.uri;
  }
  throw new Error(i18next.t("error.lost", { count: answer.missing.length }));
}

/** Sends contents, a few at a time; the part that is done is told by bytes. */
async function sendAll(
  workspace: string,
  missing: string[],
  contents: Map<string, Blob | undefined>,
  onPart: (part: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const sizes = missing.map((digest) => contents.get(digest)?.size ?? 0);
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let whole = 0;
  const under = new Map<string, number>();
  const tell = () => onPart(Math.min(1, (whole + [...under.values()].reduce((sum, size) => sum + size, 0)) / total));
  const waiting = [...missing];
  const work = async () => {
    for (let digest = waiting.shift(); digest !== undefined; digest = waiting.shift()) {
      const file = contents.get(digest);
      if (!file) continue;
      const of = digest;
      const address = nativeAddress(workspace, "uploads", "blobs", of);
      const note = (sent: number) => {
        under.set(of, sent);
        tell();
      };
      await putBlob(address, file, note, signal);
      under.delete(of);
      whole += file.size;
      tell();
    }
  };
  tell();
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing.length) }, work));
}

/** The SHA-256 of files, read piece by piece: none is ever in memory whole. */
async function digestsOf(files: UploadFile[], onProgress: (part: number) => void, signal?: AbortSignal) {
  const total = Math.max(
    1,
    files.reduce((sum, { file }) => sum + file.size, 0),
  );
  const digests: string[] = [];
  let read = 0;
  for (const { file } of files) {
    const hash = sha256.create();
    for (let start = 0; start < file.size; start += PIECE) {
      signal?.throwIfAborted();
      const piece = new Uint8Array(await file.slice(start, start + PIECE).arrayBuffer());
      hash.update(piece);
      read += piece.length;
      onProgress(read / total);
    }
    digests.push(bytesToHex(hash.digest()));
  }
  return digests;
}

/** What the person chose: one file as it is, or a folder with the paths of its files. */
export interface Chosen {
  files: UploadFile[];
  basename: string;
}

/** Reads what the person chose; of a folder what its own rules leave at home is left out, as on the command line. */
export async function chosenFiles(list: ArrayLike<File>): Promise<Chosen> {
  const all = Array.from(list);
  const first = all[0];
  if (!first) return { files: [], basename: "" };
  if (!first.webkitRelativePath && all.length === 1) {
    return { files: [{ path: first.name, file: first }], basename: first.name };
  }
  const below = (file: File) => file.webkitRelativePath.split("/").slice(1).join("/") || file.name;
  const files = all.map((file) => ({ path: below(file), file }));
  const rules = RULES.map((name) => files.find(({ path }) => path === name)).find((found) => found !== undefined);
  const judge = ignore().add(ALWAYS);
  if (rules) judge.add(await rules.file.text());
  const basename = first.webkitRelativePath.split("/")[0] || "files";
  return { files: files.filter(({ path }) => !judge.ignores(path)), basename };
}
