import type { RouteObject } from "react-router";

/** The pages of home. */
export const homeRoutes: RouteObject[] = [];
