import type { RouteObject } from "react-router";

/** The page of one job, or of one run that is no job. */
export const jobRoutes: RouteObject[] = [{ path: "jobs/:name", lazy: () => import("@/pages/jobs/job/JobPage") }];
