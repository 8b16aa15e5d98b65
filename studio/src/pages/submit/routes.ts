import type { RouteObject } from "react-router";

/** The pages on which documents are written. */
export const submitRoutes: RouteObject[] = [
  { path: "submit", lazy: () => import("@/pages/submit/SubmitPage") },
  { path: "new/:kind", lazy: () => import("@/pages/submit/NewPage") },
];
