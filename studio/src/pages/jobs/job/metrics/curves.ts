import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { itemKey } from "@/api/keys";
import { nativeAddress, send } from "@/api/native";

export type Axis = "step" | "time" | "relative";

/** A metric's points, as many as are worth drawing; `count` is how many there are. */
export interface Curve {
  key: string;
  count: number;
  x: number[];
  /** Null where the value is no number that can be drawn. */
  y: (number | null)[];
}

interface Wire {
  key: string;
  count: number;
  x: number[];
  y: (number | string)[];
}

const POINTS = 800;

/** The curves of some metrics of a run, kept fresh while it logs. */
export function useCurves(workspace: string, id: string, keys: string[], axis: Axis) {
  return useQuery({
    queryKey: itemKey(workspace, "runs", id, "curves", axis, keys),
    enabled: keys.length > 0,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const asked = { runs: [id], keys, x: axis, points: POINTS };
      const { value } = await send<{ value: Wire[] }>("POST", nativeAddress(workspace, "runs", "curves"), asked);
      return value.map(
        ({ y, ...curve }): Curve => ({ ...curve, y: y.map((one) => (typeof one === "number" ? one : null)) }),
      );
    },
  });
}
