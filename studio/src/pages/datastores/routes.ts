import type { RouteObject } from "react-router";

/** The pages of datastores. */
export const datastoresRoutes: RouteObject[] = [
  { path: "datastores", lazy: () => import("@/pages/datastores/DatastoreList") },
  { path: "datastores/:name", lazy: () => import("@/pages/datastores/DatastorePage") },
];
