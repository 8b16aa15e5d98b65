import type { RouteObject } from "react-router";

/** The pages of environments. */
export const environmentsRoutes: RouteObject[] = [];
