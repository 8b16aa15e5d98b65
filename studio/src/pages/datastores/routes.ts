import type { RouteObject } from "react-router";

/** The pages of datastores. */
export const datastoresRoutes: RouteObject[] = [];
