import type { RouteObject } from "react-router";

/** The pages of compare. */
export const compareRoutes: RouteObject[] = [];
