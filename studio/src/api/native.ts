import { fetchRaw } from "@/api/client";

/** The address of something of a workspace in the native API. */
export function nativeAddress(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, ...rest].map(encodeURIComponent).join("/")}`;
}

/** Asks for JSON.
 *
 * @throws ApiError when the server refused.
 */
export async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await fetchRaw(path, init)).json()) as T;
}

/** Sends a document.
 *
 * @throws ApiError when the server refused.
 */
export async function send<T>(method: "POST" | "PUT" | "PATCH", path: string, body: unknown): Promise<T> {
  return read<T>(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** Deletes something.
 *
 * @throws ApiError when the server refused.
 */
export async function remove(path: string): Promise<void> {
  await fetchRaw(path, { method: "DELETE" });
}
