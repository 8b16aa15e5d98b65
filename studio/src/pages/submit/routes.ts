import type { RouteObject } from "react-router";

/** The page on which a new job is written. */
export const submitRoutes: RouteObject[] = [{ path: "submit", lazy: () => import("@/pages/submit/SubmitPage") }];
