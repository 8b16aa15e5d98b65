import { useEffect, useState } from "react";
import { ApiError } from "@/api/errors";
import { type Container, follow, type LogEvent } from "@/pages/endpoints/logs/follow";
import { type LogLine, NOTHING, withEvents } from "@/pages/endpoints/logs/lines";

const AGAIN_MS = 1500;
const GATHER_MS = 80;

export interface Log {
  lines: LogLine[];
  error: ApiError | null;
  /** The stream ended, and is about to be opened again. */
  isLost: boolean;
}

/** The log of a deployment as it grows; opened again when its stream ends. */
export function useLog(workspace: string, endpoint: string, deployment: string, container: Container): Log {
  const [state, setState] = useState(NOTHING);
  const [error, setError] = useState<ApiError | null>(null);
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let waiting: LogEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const put = () => {
      const events = waiting;
      waiting = [];
      timer = undefined;
      setState((before) => withEvents(before, events));
      setLost(false);
    };
    const take = (events: LogEvent[]) => {
      waiting.push(...events);
      timer ??= setTimeout(put, GATHER_MS);
    };
    setState(NOTHING);
    setError(null);
    void keepFollowing(() => follow(workspace, endpoint, deployment, container, stop.signal, take), stop.signal, {
      onRefused: setError,
      onLost: () => setLost(true),
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [workspace, endpoint, deployment, container]);
  return { lines: state.lines, error, isLost };
}

interface Told {
  onRefused: (error: ApiError) => void;
  onLost: () => void;
}

async function keepFollowing(once: () => Promise<void>, signal: AbortSignal, told: Told): Promise<void> {
  while (!signal.aborted) {
    try {
      await once();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status < 500) return told.onRefused(error);
    }
    if (signal.aborted) return;
    told.onLost();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
