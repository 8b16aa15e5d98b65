import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { LogLine } from "@/pages/endpoints/logs/lines";
import classes from "@/pages/endpoints/logs/logs.module.css";
import { AnsiText } from "@/pages/jobs/job/log/AnsiText";

const LINE_HEIGHT = 18;

interface Props {
  label: string;
  lines: LogLine[];
  /** The last line stays in sight. */
  isFollowed: boolean;
  /** The person scrolled up. */
  onLeave: () => void;
  empty: string;
}

/** Lines of a log; only those in sight are in the page. */
export function LogBox({ label, lines, isFollowed, onLeave, empty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_HEIGHT,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 20,
    initialRect: { width: 800, height: 400 },
  });
  const lastId = lines.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line is followed
  useEffect(() => {
    if (isFollowed && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [lastId, isFollowed, lines.length]);
  const leave = (up: boolean) => {
    if (isFollowed && up) onLeave();
  };
  return (
    <section
      className={classes.box}
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      onWheel={(event) => leave(event.deltaY < 0)}
      onKeyDown={(event) => leave(["ArrowUp", "PageUp", "Home"].includes(event.key))}
    >
      {lines.length === 0 && <p className={classes.empty}>{empty}</p>}
      <div className={classes.lines} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <div key={item.key} className={classes.line} style={{ transform: `translateY(${item.start}px)` }}>
            <AnsiText text={lines[item.index]?.text ?? ""} />
          </div>
        ))}
      </div>
    </section>
  );
}
