import type { RouteObject } from "react-router";

/** The pages of environments. */
export const environmentsRoutes: RouteObject[] = [
  { path: "environments", lazy: () => import("@/pages/environments/EnvironmentList") },
  { path: "environments/:name", lazy: () => import("@/pages/environments/EnvironmentPage") },
  { path: "environments/:name/:version", lazy: () => import("@/pages/environments/VersionPage") },
];
