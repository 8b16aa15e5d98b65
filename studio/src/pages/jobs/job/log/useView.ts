import { type KeyboardEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { isCoarse, LINE, lastTop, lineAt, placeOf } from "@/pages/jobs/job/log/scrolling";

export interface View {
  /** The line at the top, with a fraction. */
  top: number;
  /** How many lines are in sight. */
  rows: number;
  goTo: (line: number) => void;
  onScroll: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** Which lines of `count` are in sight of a box, and how wheel, keys and bar move through them. */
export function useView(
  box: RefObject<HTMLDivElement | null>,
  count: number,
  isFollowing: boolean,
  setFollowing: (on: boolean) => void,
): View {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const placed = useRef(0);
  const goTo = useCallback(
    (line: number) => {
      const element = box.current;
      if (!element) return;
      const view = element.clientHeight;
      setTop(Math.min(Math.max(0, line), lastTop(count, view)));
      element.scrollTop = placeOf(line, count, view);
      placed.current = element.scrollTop;
    },
    [box, count],
  );
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setHeight(element.clientHeight));
    watcher.observe(element);
    setHeight(element.clientHeight || 600);
    return () => watcher.disconnect();
  }, [box]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height needs another place
  useLayoutEffect(() => {
    if (isFollowing) goTo(count);
  }, [isFollowing, count, goTo, height]);
  const move = useCallback(
    (line: number) => {
      setFollowing(line >= lastTop(count, height) - 0.5);
      goTo(line);
    },
    [count, height, goTo, setFollowing],
  );
  const onScroll = () => {
    const element = box.current;
    if (!element || Math.abs(element.scrollTop - placed.current) < 1.5) return;
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
    const isUp = element.scrollTop < placed.current && !isAtEnd; // at the end it was the box that grew
    placed.current = element.scrollTop;
    const line = lineAt(element.scrollTop, count, element.clientHeight);
    setTop(line);
    if (isUp) setFollowing(false);
    else if (line >= lastTop(count, element.clientHeight) - 0.5) setFollowing(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const line = afterKey(event.key, top, count, Math.floor(height / LINE) - 1);
    if (line === null || event.altKey || event.metaKey) return;
    event.preventDefault();
    move(line);
  };
  useWheel(box, count, top, move);
  return { top, rows: Math.ceil(height / LINE) + 1, goTo, onScroll, onKeyDown };
}

function afterKey(key: string, top: number, count: number, page: number): number | null {
  if (key === "ArrowDown") return top + 1;
  if (key === "ArrowUp") return top - 1;
  if (key === "PageDown" || key === " ") return top + page;
  if (key === "PageUp") return top - page;
  if (key === "Home") return 0;
  return key === "End" ? count : null;
}

/** Where the bar is too coarse for the wheel, the wheel moves by lines. */
function useWheel(box: RefObject<HTMLDivElement | null>, count: number, top: number, move: (line: number) => void) {
  const coarse = isCoarse(count);
  const latest = useRef({ top, move });
  latest.current = { top, move };
  useEffect(() => {
    const element = box.current;
    if (!element || !coarse) return;
    const turn = (event: WheelEvent) => {
      if (event.deltaY === 0) return;
      event.preventDefault();
      latest.current.move(latest.current.top + event.deltaY / LINE);
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [box, coarse]);
}
