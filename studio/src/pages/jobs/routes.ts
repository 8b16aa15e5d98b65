import type { RouteObject } from "react-router";

/** The pages of jobs. */
export const jobsRoutes: RouteObject[] = [];
