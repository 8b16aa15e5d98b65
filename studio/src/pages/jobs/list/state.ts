import { useMemo } from "react";
import { useSearchParams } from "react-router";
import type { RunFilter } from "@/api/runs";
import { parseSort, type Sort } from "@/components/table/columns";

/** States that people filter by, in the order of a job's life. */
export const STATES = [
  "NotStarted",
  "Queued",
  "Preparing",
  "Starting",
  "Running",
  "Finalizing",
  "CancelRequested",
  "Completed",
  "Failed",
  "Canceled",
  "NotResponding",
  "Paused",
] as const;

/** Types of jobs; the last one is a run that no job made. */
export const TYPES = ["command", "pipeline", "sweep", "spark", "parallel", "run"] as const;

/** What of the address belongs to a view that can be kept. */
const VIEW_PARTS = ["filter", "sort", "columns", "status", "type", "experiment", "view", "children"];

const FIELDS: Record<string, string> = {
  name: "run_name",
  status: "status",
  started: "start_time",
  ended: "end_time",
  user: "user_id",
};

/** The criterion of the server's language for a column; null where it can't sort by it. */
export function orderOf(sort: Sort | null): string | null {
  if (!sort) return null;
  const [entity, key] = splitColumn(sort.id);
  const column = entity ? `${entity}.\`${key}\`` : FIELDS[sort.id];
  return column ? `${column} ${sort.descending ? "DESC" : "ASC"}` : null;
}

/** Splits the id of a column into what was logged and its key: `metrics.loss`; no entity for a run's own fields. */
export function splitColumn(id: string): ["metrics" | "params" | "tags" | null, string] {
  const match = /^(metrics|params|tags)\.(.+)$/s.exec(id);
  return match ? [match[1] as "metrics", match[2] ?? ""] : [null, id];
}

function list(text: string | null): string[] {
  return text ? text.split(",") : [];
}

/** Reads a filter from the parameters of an address. */
export function readFilter(params: URLSearchParams): RunFilter {
  const experiment = params.get("experiment");
  return {
    filter: params.get("filter") ?? "",
    experiments: experiment ? [experiment] : [],
    statuses: list(params.get("status")).filter((word) =>
      (STATES as readonly string[]).includes(word),
    ) as RunFilter["statuses"],
    types: list(params.get("type")),
    view: (params.get("view") === "archived" ? "archived" : "active") as RunFilter["view"],
    top_level: params.get("children") !== "yes",
  };
}

/** The state of the table, which is in the address, and how to change it. */
export function useTableState() {
  const [params, setParams] = useSearchParams();
  const filter = useMemo(() => readFilter(params), [params]);
  const sort = useMemo(() => parseSort(params.get("sort") ?? ""), [params]);
  const view = new URLSearchParams(
    VIEW_PARTS.flatMap((part) => (params.get(part) ? [[part, params.get(part) ?? ""]] : [])),
  );
  return {
    filter,
    sort,
    columns: params.get("columns") ?? "",
    /** The state as a text that `show` takes. */
    search: view.toString(),
    set: (part: string, value: string) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          if (value) after.set(part, value);
          else after.delete(part);
          return after;
        },
        { replace: true },
      ),
    show: (search: string) => setParams(new URLSearchParams(search)),
  };
}

export type TableState = ReturnType<typeof useTableState>;
