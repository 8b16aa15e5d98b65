import type { RouteObject } from "react-router";
import { jobRoutes } from "@/pages/jobs/job/routes";

/** The pages of jobs. */
export const jobsRoutes: RouteObject[] = [...jobRoutes];
