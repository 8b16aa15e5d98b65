import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isTouched, itemKey, type Noun } from "@/api/keys";

/** Whether the page hears of changes as they happen. */
export type LiveState = "connecting" | "live" | "lost";

let state: LiveState = "connecting";
const watchers = new Set<() => void>();

function setState(next: LiveState): void {
  if (next === state) return;
  state = next;
  for (const watcher of watchers) watcher();
}

/** The state of the connection, for the mark in the header. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

type Message = { kind: "changed"; topics: string[] } | { kind: "state"; state: LiveState } | { kind: "caught-up" };

/** How long the page waits for the stream before it asks for what it shows, in milliseconds. */
const PATIENCE_MS = 200;

/**
 * Keeps what the page shows fresh while it is mounted.
 *
 * Browsers allow six connections to one server, so only one tab of a workspace holds the stream (the holder of a Web
 * Lock) and tells the others; when it closes, the next one takes over.
 *
 * Returns whether changes are heard from now on, or the patience is at its end: what is asked for afterwards need not
 * be asked for again when the stream opens.
 */
export function useLive(workspace: string): boolean {
  const client = useQueryClient();
  const [heard, setHeard] = useState("");
  useEffect(() => {
    const ready = () => setHeard(workspace);
    const patience = window.setTimeout(ready, PATIENCE_MS);
    const channel = new BroadcastChannel(`lapis-live-${workspace}`);
    const stop = new AbortController();
    const take = (message: Message) => apply(client, workspace, message);
    channel.onmessage = (event: MessageEvent<Message>) => take(event.data);
    const tell = (message: Message) => {
      take(message);
      channel.postMessage(message);
      ready();
    };
    void once(`lapis-live-${workspace}`, stop.signal, ready, () => listen(workspace, tell, stop.signal));
    return () => {
      window.clearTimeout(patience);
      stop.abort();
      channel.close();
    };
  }, [client, workspace]);
  return heard === workspace;
}

/**
 * Runs `work` in one tab at a time, and calls `onWaiting` in those that wait for their turn; where the browser has no
 * locks (no TLS, no loopback), in every tab.
 */
async function once(
  name: string,
  signal: AbortSignal,
  onWaiting: () => void,
  work: () => Promise<void>,
): Promise<void> {
  if (!("locks" in navigator)) return work();
  try {
    const isFirst = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock && !signal.aborted) await work();
      return lock !== null;
    });
    if (isFirst) return;
    onWaiting();
    await navigator.locks.request(name, { signal }, work);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** How long to wait before asking again a server that refused the stream, in milliseconds. */
const AGAIN_MS = 10_000;

function listen(workspace: string, tell: (message: Message) => void, signal: AbortSignal): Promise<void> {
  let source: EventSource;
  let timer = 0;
  const open = () => {
    source = new EventSource(`/api/v1/workspaces/${encodeURIComponent(workspace)}/live`);
    source.onopen = () => {
      tell({ kind: "state", state: "live" });
      tell({ kind: "caught-up" }); // what changed before the stream was open was told to nobody
    };
    source.onerror = () => {
      tell({ kind: "state", state: "lost" });
      // a broken connection is tried again by the browser, a refusal is not
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS);
    };
    source.addEventListener("changed", (event: MessageEvent<string>) => {
      tell({ kind: "changed", topics: JSON.parse(event.data) as string[] });
    });
  };
  open();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      source.close();
      resolve();
    });
  });
}

const leaving = new Set<string>();
/** How long after leaving news of what was deleted may still come, in milliseconds. */
const LATE_MS = 1_000;

/**
 * Deletes something and leaves its page; meanwhile the page does not ask for what is about to be gone.
 *
 * @returns a function that takes what deletes it and goes elsewhere; what that throws is thrown.
 */
export function useLeaving(workspace: string, noun: Noun, name: string) {
  const client = useQueryClient();
  return async (act: () => Promise<void>) => {
    const queryKey = itemKey(workspace, noun, name);
    const left = JSON.stringify(queryKey);
    leaving.add(left);
    try {
      await act();
    } catch (error) {
      leaving.delete(left);
      throw error;
    }
    window.setTimeout(() => {
      leaving.delete(left);
      client.removeQueries({ queryKey, type: "inactive" });
    }, LATE_MS);
  };
}

function isLeft(key: readonly unknown[]): boolean {
  return leaving.size > 0 && leaving.has(JSON.stringify(key.slice(0, 3)));
}

function apply(client: QueryClient, workspace: string, message: Message): void {
  if (message.kind === "state") setState(message.state);
  else if (message.kind === "caught-up") void client.invalidateQueries({ queryKey: [workspace] });
  else {
    void client.invalidateQueries({
      predicate: ({ queryKey }) =>
        !isLeft(queryKey) && message.topics.some((topic) => isTouched(queryKey, workspace, topic)),
    });
  }
}
