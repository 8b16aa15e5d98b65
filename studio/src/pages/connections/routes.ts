import type { RouteObject } from "react-router";

/** The pages of connections. */
export const connectionsRoutes: RouteObject[] = [];
