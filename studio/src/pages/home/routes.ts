import type { RouteObject } from "react-router";

/** The home page. */
export const homeRoutes: RouteObject[] = [{ index: true, lazy: () => import("@/pages/home/HomePage") }];
