import type { RouteObject } from "react-router";

/** The pages of schedules. */
export const schedulesRoutes: RouteObject[] = [];
