import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

/** What of the graph stands in the address. */
export interface Place {
  /** Path of the chosen step; empty without one. */
  step: string;
  /** Names of the jobs of the nested pipelines that are open. */
  open: string[];
  /** As the person chose it; empty: what suits the window. */
  view: string;
  go: (to: { step?: string; open?: string[]; view?: string }) => void;
}

/** The state of the graph, in the address: which step is chosen, which nested pipelines are open. */
export function usePlace(): Place {
  const [params, setParams] = useSearchParams();
  const opened = params.get("open") ?? "";
  const open = useMemo(() => opened.split(",").filter(Boolean), [opened]);
  const go = useCallback(
    (to: { step?: string; open?: string[]; view?: string }) =>
      setParams((before) => {
        const after = new URLSearchParams(before);
        const texts = { step: to.step, open: to.open?.join(","), view: to.view };
        for (const [name, text] of Object.entries(texts)) {
          if (text) after.set(name, text);
          else if (text === "") after.delete(name);
        }
        return after;
      }),
    [setParams],
  );
  return { step: params.get("step") ?? "", open, view: params.get("view") ?? "", go };
}
