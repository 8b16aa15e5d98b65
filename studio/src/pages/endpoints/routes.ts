import type { RouteObject } from "react-router";

/** The pages of endpoints. */
export const endpointsRoutes: RouteObject[] = [];
