import { useEffect, useState } from "react";
import { fetchRaw } from "@/api/client";
import { ApiError } from "@/api/errors";
import { jobAddress } from "@/api/jobs";
import type { components } from "@/api/schema";

type LogWindow = components["schemas"]["LogWindow"];

const LOG = "user_logs/std_log.txt";
const LINES = 100;

export interface LogTail {
  /** The last lines; null until they are there. */
  lines: string[] | null;
  error: unknown;
}

/** The last lines of a job's log, followed while the job runs. */
export function useLogTail(workspace: string, job: string): LogTail {
  const [tail, setTail] = useState<LogTail>({ lines: null, error: null });
  useEffect(() => {
    const stop = new AbortController();
    setTail({ lines: null, error: null });
    const add = (text: string) =>
      setTail(({ lines }) => ({ lines: appended(lines ?? [], text).slice(-LINES), error: null }));
    follow(workspace, job, add, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) setTail(({ lines }) => ({ lines, error }));
    });
    return () => stop.abort();
  }, [workspace, job]);
  return tail;
}

/** Adds a piece of text to lines; the last line may have been cut off. */
export function appended(lines: string[], text: string): string[] {
  const pieces = text.split(/\r?\n/);
  const [first = "", ...rest] = pieces;
  return [...lines.slice(0, -1), (lines.at(-1) ?? "") + first, ...rest];
}

async function follow(workspace: string, job: string, add: (text: string) => void, signal: AbortSignal): Promise<void> {
  const window = await lastLines(workspace, job, signal);
  add(window.value.map((line) => `${line}\n`).join(""));
  const query = new URLSearchParams({ path: LOG, offset: String(window.end) });
  const answer = await fetchRaw(`${jobAddress(workspace, job, "logs", "follow")}?${query}`, { signal });
  for await (const line of jsonLines(answer)) {
    if (typeof line.log === "string") add(line.log);
  }
}

async function lastLines(
  workspace: string,
  job: string,
  signal: AbortSignal,
): Promise<Pick<LogWindow, "value" | "end">> {
  const query = new URLSearchParams({ path: LOG, first: String(-LINES), count: String(LINES) });
  try {
    const answer = await fetchRaw(`${jobAddress(workspace, job, "logs", "lines")}?${query}`, { signal });
    return (await answer.json()) as LogWindow;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { value: [], end: 0 };
    throw error;
  }
}

async function* jsonLines(answer: Response): AsyncGenerator<{ log?: string }> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line) as { log?: string };
  }
}
