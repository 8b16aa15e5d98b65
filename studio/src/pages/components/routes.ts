import type { RouteObject } from "react-router";

/** The pages of components. */
export const componentsRoutes: RouteObject[] = [
  { path: "components", lazy: () => import("@/pages/components/ComponentList") },
  { path: "components/:name", lazy: () => import("@/pages/components/ComponentPage") },
  { path: "components/:name/:version", lazy: () => import("@/pages/components/ComponentPage") },
];
