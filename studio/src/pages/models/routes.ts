import type { RouteObject } from "react-router";

/** The pages of models. */
export const modelsRoutes: RouteObject[] = [
  { path: "models", lazy: () => import("@/pages/models/ModelList") },
  { path: "models/:name", lazy: () => import("@/pages/models/model/ModelPage") },
  { path: "models/:name/:version", lazy: () => import("@/pages/models/version/VersionPage") },
];
