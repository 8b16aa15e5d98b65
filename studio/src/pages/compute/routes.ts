import type { RouteObject } from "react-router";

/** The pages of computes. */
export const computeRoutes: RouteObject[] = [
  { path: "compute", lazy: () => import("@/pages/compute/ComputeList") },
  { path: "compute/:name", lazy: () => import("@/pages/compute/ComputePage") },
];
