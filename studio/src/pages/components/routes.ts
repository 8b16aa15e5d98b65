import type { RouteObject } from "react-router";

/** The pages of components. */
export const componentsRoutes: RouteObject[] = [];
