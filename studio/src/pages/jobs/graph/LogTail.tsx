import { Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useWorkspace } from "@/lib/workspace";
import classes from "@/pages/jobs/graph/graph.module.css";
import { useLogTail } from "@/pages/jobs/graph/log-tail";
import { AnsiText } from "@/pages/jobs/job/log/AnsiText";

/** The last lines of a job's log, as they come. */
export function LogTail({ job, label }: { job: string; label: string }) {
  const { t } = useTranslation("pipelines");
  const { lines, error } = useLogTail(useWorkspace(), job);
  const box = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever lines come, the last one is brought into sight
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  if (error) return <ErrorBox error={error} />;
  if (lines === null) return <Loading height={60} />;
  if (lines.every((line) => line === "")) return <Text size="sm">{t("graph.noLog")}</Text>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className={classes.tail} ref={box} tabIndex={0} aria-label={label}>
      {(lines.at(-1) === "" ? lines.slice(0, -1) : lines).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place
        <div key={index}>{line ? <AnsiText text={line} /> : "\u200b"}</div>
      ))}
    </section>
  );
}
