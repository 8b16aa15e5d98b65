import type { RouteObject } from "react-router";

/** The pages of pipelines. */
export const pipelinesRoutes: RouteObject[] = [];
