import type { RouteObject } from "react-router";

/** The page that compares runs. */
export const compareRoutes: RouteObject[] = [{ path: "compare", lazy: () => import("@/pages/compare/Compare") }];
