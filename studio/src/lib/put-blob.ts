import { ApiError } from "@/api/errors";

/**
 * Sends bytes and tells how many are gone: browsers tell that of this old kind of request alone.
 *
 * @throws ApiError when the server refused; TypeError when it can't be reached; the signal's reason when it ended.
 */
export function putBlob(
  address: string,
  body: Blob,
  onSent: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("PUT", address);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(ApiError.of(request.status, parsed(request.responseText), request.getResponseHeader("x-request-id")));
    };
    request.onerror = () => reject(new TypeError("network error"));
    request.onabort = () => reject(signal?.reason ?? new TypeError("network error"));
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    signal?.addEventListener("abort", stop);
    request.send(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
