import type { RouteObject } from "react-router";

/** The pages of models. */
export const modelsRoutes: RouteObject[] = [];
