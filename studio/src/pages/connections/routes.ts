import type { RouteObject } from "react-router";

/** The pages of connections. */
export const connectionsRoutes: RouteObject[] = [
  { path: "connections", lazy: () => import("@/pages/connections/ConnectionList") },
  { path: "connections/:name", lazy: () => import("@/pages/connections/ConnectionPage") },
];
