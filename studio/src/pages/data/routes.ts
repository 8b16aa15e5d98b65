import type { RouteObject } from "react-router";

/** The pages of data. */
export const dataRoutes: RouteObject[] = [
  { path: "data", lazy: () => import("@/pages/data/DataList") },
  { path: "data/:name", lazy: () => import("@/pages/data/DataPage") },
  { path: "data/:name/:version", lazy: () => import("@/pages/data/DataPage") },
];
