import { fetchRaw } from "@/api/client";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** Some whole lines of a log. */
export type Window = Schemas["LogWindow"];

/** What comes of a log that is followed. */
export interface Message {
  log?: string;
  offset?: number;
  end?: boolean;
}

/** Reads lines by their number.
 *
 * @throws ApiError with status 404 when there is no such log yet.
 */
export async function readWindow(
  address: string,
  path: string,
  first: number,
  count: number,
  signal?: AbortSignal,
): Promise<Window> {
  const query = new URLSearchParams({ path, first: String(first), count: String(count) });
  return (await (await fetchRaw(`${address}/lines?${query}`, { signal })).json()) as Window;
}

/** Finds the lines from `first` on that hold a text; `next_line` is null when all were looked at. */
export async function findLines(
  address: string,
  path: string,
  text: string,
  matchCase: boolean,
  first: number,
  signal: AbortSignal,
): Promise<Schemas["LogMatches"]> {
  const query = new URLSearchParams({ path, text, first: String(first), match_case: String(matchCase) });
  return (await (await fetchRaw(`${address}/find?${query}`, { signal })).json()) as Schemas["LogMatches"];
}

/** A connection over which a log comes. */
export interface Connection {
  signal: AbortSignal;
  close: () => void;
  messages: (address: string, path: string, offset: number) => AsyncGenerator<Message>;
}

/** Makes a connection that can be closed. */
export function connect(): Connection {
  const stop = new AbortController();
  return {
    signal: stop.signal,
    close: () => stop.abort(),
    messages: (address, path, offset) => messages(address, path, offset, stop.signal),
  };
}

async function* messages(address: string, path: string, offset: number, signal: AbortSignal): AsyncGenerator<Message> {
  const query = new URLSearchParams({ path, offset: String(offset) });
  const answer = await fetchRaw(`${address}/follow?${query}`, { signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line) as Message;
  }
}
