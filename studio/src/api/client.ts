import createClient from "openapi-fetch";
import { ApiError } from "@/api/errors";
import type { paths } from "@/api/schema";

/** The typed client: `api.GET("/api/v1/workspaces/{ws}/jobs", { params: … })`; see `unwrap`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  fetch: (request) => fetch(request), // looked up at each call: tests put another in its place
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Gives the data of an answer.
 *
 * @throws ApiError when the server refused.
 */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw ApiError.of(response.status, error, response.headers.get("x-request-id"));
  return data as T;
}

/** Asks for anything that is no JSON of the schema: bytes, text, streams.
 *
 * @throws ApiError when the server refused.
 */
export async function fetchRaw(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, { credentials: "same-origin", ...init });
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => null);
    throw ApiError.of(response.status, body, response.headers.get("x-request-id"));
  }
  return response;
}
