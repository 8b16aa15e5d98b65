import type { RouteObject } from "react-router";

/** The pages of schedules. */
export const schedulesRoutes: RouteObject[] = [
  { path: "schedules", lazy: () => import("@/pages/schedules/ScheduleList") },
  { path: "schedules/:name", lazy: () => import("@/pages/schedules/SchedulePage") },
];
