import type { RouteObject } from "react-router";

/** The pages of submit. */
export const submitRoutes: RouteObject[] = [];
