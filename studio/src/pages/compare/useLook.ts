import { useAddressState } from "@/lib/address-state";
import type { Look } from "@/pages/compare/options";

export const AXES = ["step", "time", "relative"] as const;

/** How the curves are drawn, as the address says, and how to change it. */
export function useLook() {
  const [axis, setAxis] = useAddressState("x", "step");
  const [log, setLog] = useAddressState("log", "");
  const [smooth, setSmooth] = useAddressState("smooth", "0");
  const [find, setFind] = useAddressState("metric", "");
  const look: Look = {
    axis: AXES.find((one) => one === axis) ?? "step",
    isLog: log === "yes",
    smoothing: Math.min(0.99, Math.max(0, Number(smooth) || 0)),
  };
  return { look, find, setAxis, setLog, setSmooth, setFind };
}
