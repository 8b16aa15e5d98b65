import type { RouteObject } from "react-router";

/** The pages of pipelines. */
export const pipelinesRoutes: RouteObject[] = [
  { path: "pipelines", lazy: () => import("@/pages/pipelines/PipelinesPage") },
];
