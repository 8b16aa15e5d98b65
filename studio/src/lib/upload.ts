import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { fetchRaw } from "@/api/client";
import { nativeAddress, send } from "@/api/native";

const PIECE = 4 << 20;

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

interface UploadAnswer {
  digest: string;
  missing: string[];
  uri: string;
}

/**
 * Uploads files by their content: what the server has already is not sent again.
 *
 * @param basename name of the file or folder that they become.
 * @returns the address of the content.
 * @throws ApiError when the server refused.
 */
export async function upload(
  workspace: string,
  files: UploadFile[],
  basename: string,
  onProgress: (progress: UploadProgress) => void,
): Promise<string> {
  const digests = await digestsOf(files, (part) => onProgress({ phase: "reading", part }));
  const listed = files.map(({ path, file }, index) => ({ path, size: file.size, sha256: digests[index], mode: "644" }));
  const asked = { manifest: { files: listed }, purpose: "data", basename };
  const begun = await send<UploadAnswer>("POST", nativeAddress(workspace, "uploads"), asked);
  let sent = 0;
  for (const digest of begun.missing) {
    onProgress({ phase: "sending", part: sent / begun.missing.length });
    const file = files[digests.indexOf(digest)]?.file;
    await fetchRaw(nativeAddress(workspace, "uploads", "blobs", digest), { method: "PUT", body: file });
    sent += 1;
  }
  const done = nativeAddress(workspace, "uploads", begun.digest, "complete");
  return (await send<UploadAnswer>("POST", done, asked)).uri;
}

/** The SHA-256 of files, read piece by piece: none is ever in memory whole. */
async function digestsOf(files: UploadFile[], onProgress: (part: number) => void): Promise<string[]> {
  const total = Math.max(
    1,
    files.reduce((sum, { file }) => sum + file.size, 0),
  );
  const digests: string[] = [];
  let read = 0;
  for (const { file } of files) {
    const hash = sha256.create();
    for (let start = 0; start < file.size; start += PIECE) {
      const piece = new Uint8Array(await file.slice(start, start + PIECE).arrayBuffer());
      hash.update(piece);
      read += piece.length;
      onProgress(read / total);
    }
    digests.push(bytesToHex(hash.digest()));
  }
  return digests;
}

/** Reads what the person chose: one file as it is, a folder with the paths of its files. */
export function chosenFiles(list: ArrayLike<File>): { files: UploadFile[]; basename: string } {
  const files = Array.from(list);
  const first = files[0];
  if (!first) return { files: [], basename: "" };
  if (!first.webkitRelativePath && files.length === 1) {
    return { files: [{ path: first.name, file: first }], basename: first.name };
  }
  const top = first.webkitRelativePath.split("/")[0] || "files";
  const below = (file: File) => file.webkitRelativePath.split("/").slice(1).join("/") || file.name;
  return { files: files.map((file) => ({ path: below(file), file })), basename: top };
}
