import type { RouteObject } from "react-router";

/** The pages of data. */
export const dataRoutes: RouteObject[] = [];
