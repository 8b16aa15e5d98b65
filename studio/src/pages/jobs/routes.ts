import type { RouteObject } from "react-router";
import { jobRoutes } from "@/pages/jobs/job/routes";

/** The pages of jobs. */
export const jobsRoutes: RouteObject[] = [
  { path: "jobs", lazy: () => import("@/pages/jobs/JobList") },
  { path: "experiments/:name", lazy: () => import("@/pages/jobs/ExperimentPage") },
  ...jobRoutes,
];
