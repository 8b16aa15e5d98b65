import { memo, type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { useTranslation } from "react-i18next";
import { AnsiText } from "@/pages/jobs/job/log/AnsiText";
import { shownPart } from "@/pages/jobs/job/log/ansi";
import classes from "@/pages/jobs/job/log/log.module.css";
import { boxHeight, LINE } from "@/pages/jobs/job/log/scrolling";
import type { LogState, LogStore } from "@/pages/jobs/job/log/store";
import { useView } from "@/pages/jobs/job/log/useView";

const LONGEST = 8_000;

/** Lets the page move the view to a line. */
export interface LogHandle {
  show: (line: number) => void;
  first: () => number;
}

interface Props {
  log: LogStore;
  state: LogState;
  isFollowing: boolean;
  setFollowing: (on: boolean) => void;
  find: string;
  matchCase: boolean;
  /** The line that a search has led to. */
  current: number | null;
  handle: Ref<LogHandle>;
}

/** The lines of a log that are in sight; of a log of any length only these are in the page. */
export function LogView({ log, state, isFollowing, setFollowing, find, matchCase, current, handle }: Props) {
  const { t } = useTranslation("job");
  const box = useRef<HTMLDivElement>(null);
  const count = log.lines.count;
  const view = useView(box, count, isFollowing, setFollowing);
  const first = Math.floor(view.top);
  const end = Math.min(count, first + view.rows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is missing changes with the log
  useEffect(() => log.want(first, end), [log, first, end, state.version]);
  useImperativeHandle(handle, () => ({
    show: (line) => {
      setFollowing(false);
      view.goTo(line - Math.floor(view.rows / 2));
    },
    first: () => first,
  }));
  const lines = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  const digits = String(count).length;
  return (
    <section
      ref={box}
      className={classes.box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={t("log.view")}
      aria-description={t("log.keys")}
      onScroll={view.onScroll}
      onKeyDown={view.onKeyDown}
    >
      <div className={classes.whole} style={{ height: boxHeight(count) }}>
        <div className={classes.anchor}>
          <div className={classes.lines} style={{ top: -(view.top - first) * LINE }}>
            {lines.map((line) => (
              <Row
                key={line}
                line={line}
                text={log.lines.at(line)}
                digits={digits}
                find={find}
                matchCase={matchCase}
                isCurrent={line === current}
              />
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

interface RowProps {
  line: number;
  /** Undefined: it is on its way. */
  text: string | undefined;
  digits: number;
  find: string;
  matchCase: boolean;
  isCurrent: boolean;
}

const Row = memo(function Row({ line, text = "", digits, find, matchCase, isCurrent }: RowProps) {
  const { t } = useTranslation("job");
  const shown = shownPart(text);
  return (
    <div className={classes.row} data-current={isCurrent || undefined}>
      <span className={classes.number} style={{ width: `${digits + 2}ch` }} aria-hidden>
        {line + 1}
      </span>
      <span className={classes.text}>
        <AnsiText text={shown.slice(0, LONGEST)} find={find} matchCase={matchCase} />
        {shown.length > LONGEST && <em>{t("log.cut")}</em>}
      </span>
    </div>
  );
});
