import type { RouteObject } from "react-router";

/** The pages of endpoints. */
export const endpointsRoutes: RouteObject[] = [
  { path: "endpoints", lazy: () => import("@/pages/endpoints/EndpointsPage") },
  { path: "online-endpoints", lazy: () => import("@/pages/endpoints/EndpointsPage") },
  { path: "online-endpoints/:name", lazy: () => import("@/pages/endpoints/online/OnlineEndpointPage") },
  { path: "batch-endpoints", lazy: () => import("@/pages/endpoints/batch/ToBatchList") },
  { path: "batch-endpoints/:name", lazy: () => import("@/pages/endpoints/batch/BatchEndpointPage") },
];
