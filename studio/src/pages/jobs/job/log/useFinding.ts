import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useEffect, useState } from "react";
import { findLines } from "@/pages/jobs/job/log/reading";

const MOST = 10_000;

/** What a search in a log has found so far. */
export interface Finding {
  lines: number[];
  /** Which of them is shown; -1: none. */
  at: number;
  isSearching: boolean;
  /** There is more than was asked for. */
  hasMore: boolean;
  step: (by: 1 | -1) => void;
}

interface State {
  lines: number[];
  at: number;
  isSearching: boolean;
  hasMore: boolean;
}

const NOTHING: State = { lines: [], at: -1, isSearching: false, hasMore: false };

/** Searches a log at the server while the person types; `firstInSight` says where the first step leads. */
export function useFinding(
  address: string,
  path: string,
  text: string,
  matchCase: boolean,
  firstInSight: () => number,
): Finding {
  const [wanted] = useDebouncedValue(text, 250);
  const [state, setState] = useState(NOTHING);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where the view stood when the search began
  useEffect(() => {
    setState(NOTHING);
    if (!wanted) return;
    const stop = new AbortController();
    const begin = firstInSight();
    setState({ ...NOTHING, isSearching: true });
    void search(address, path, wanted, matchCase, stop.signal, (lines, isDone, hasMore) => {
      const next = lines.findIndex((line) => line >= begin);
      const at = lines.length === 0 ? -1 : next < 0 ? lines.length - 1 : next;
      setState((before) => ({ lines, at: before.at >= 0 ? before.at : at, isSearching: !isDone, hasMore }));
    });
    return () => stop.abort();
  }, [address, path, wanted, matchCase]);
  const step = useCallback((by: 1 | -1) => {
    setState((before) => {
      const count = before.lines.length;
      return count === 0 ? before : { ...before, at: (before.at + by + count) % count };
    });
  }, []);
  return { ...state, step };
}

type Tell = (lines: number[], isDone: boolean, hasMore: boolean) => void;

async function search(
  address: string,
  path: string,
  text: string,
  matchCase: boolean,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const lines: number[] = [];
  try {
    for (let from: number | null = 0; from !== null && lines.length < MOST; ) {
      const found = await findLines(address, path, text, matchCase, from, signal);
      if (signal.aborted) return;
      lines.push(...found.value);
      from = found.next_line;
      tell([...lines], from === null, from !== null);
    }
    tell([...lines], true, lines.length >= MOST);
  } catch {
    if (!signal.aborted) tell([...lines], true, true);
  }
}
