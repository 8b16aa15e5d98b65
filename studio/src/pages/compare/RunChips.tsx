import { Alert, ScrollArea } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { RunRow } from "@/api/runs";
import { statusColour, statusIcon } from "@/components/StatusBadge";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/compare/chips.module.css";
import { lookOf } from "@/pages/compare/palette";

/** The runs that are compared: what each looks like in the charts, and a way to leave it out; light, for hundreds. */
export function RunChips({ runs, missing }: { runs: RunRow[]; missing: string[] }) {
  const { t } = useTranslation("compare");
  const [, setParams] = useSearchParams();
  const remove = (id: string) =>
    setParams((before) => {
      const after = new URLSearchParams(before);
      after.set("runs", runs.flatMap(({ run_id }) => (run_id === id ? [] : [run_id])).join(","));
      return after;
    });
  return (
    <>
      {missing.length > 0 && (
        <Alert color="orange" mb="sm">
          {t("missing", { names: missing.slice(0, 5).join(", "), count: missing.length })}
        </Alert>
      )}
      <ScrollArea.Autosize mah={150} mb="md" type="auto" viewportProps={{ tabIndex: 0 }}>
        <ul className={classes.chips} aria-label={t("runs")}>
          {runs.map((run, index) => (
            <li key={run.run_id} className={classes.chip}>
              <Swatch index={index} />
              <RunLink run={run} />
              <Status status={run.status} />
              <button
                type="button"
                className={classes.remove}
                onClick={() => remove(run.run_id)}
                aria-label={t("remove", { name: run.name })}
              >
                <IconX size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      </ScrollArea.Autosize>
    </>
  );
}

/** The line that stands for a run in the charts. */
export function Swatch({ index }: { index: number }) {
  const { colour, dash } = lookOf(index);
  return (
    <svg width={18} height={8} aria-hidden style={{ flexShrink: 0 }}>
      <title />
      <line
        x1={0}
        y1={4}
        x2={18}
        y2={4}
        stroke={colour}
        strokeWidth={3}
        strokeDasharray={{ solid: undefined, dashed: "5 3", dotted: "2 2" }[dash]}
      />
    </svg>
  );
}

/** How a run stands: the icon, with the word for those who point at it or hear the page. */
function Status({ status }: { status: string }) {
  const { t } = useTranslation("status");
  const Icon = statusIcon(status);
  const word = t(status as "Queued", { defaultValue: status });
  return (
    <span role="img" aria-label={word} title={word} className={classes.status}>
      <Icon size={14} color={`var(--mantine-color-${statusColour(status)}-6)`} aria-hidden />
    </span>
  );
}

/** Leads to a run's page. */
export function RunLink({ run }: { run: RunRow }) {
  const workspace = useWorkspace();
  return (
    <Link to={path(workspace, "jobs", run.run_id)} className={classes.link} title={run.run_id}>
      {run.name || run.run_id}
    </Link>
  );
}
