import type { TFunction } from "i18next";
import { type ComponentType, lazy } from "react";
import { codeOf } from "@/pages/jobs/files/code";
import type { Subject } from "@/pages/jobs/job/subject";

/** A tab of a job's page; loaded when it is opened. */
export interface JobTab {
  /** Stands in the address: `?tab=<id>`. */
  id: string;
  label: (t: TFunction) => string;
  /** Whether the tab belongs to this job or run; left out: to every one. */
  isFor?: (subject: Subject) => boolean;
  /** Made by `lazy(() => import(…))`; the module exports it as `default`. */
  Content: ComponentType<{ subject: Subject }>;
}

const hasProcess = ({ job }: Subject) => job !== null && job.type !== "pipeline" && job.type !== "sweep";

/** The tabs of a job's page, in their order; the first one is shown at first. */
export const JOB_TABS: JobTab[] = [
  {
    id: "graph",
    label: (t) => t("graph.tab", { ns: "pipelines" }),
    isFor: ({ job }) => job?.type === "pipeline",
    Content: lazy(() => import("@/pages/jobs/graph/GraphTab")),
  },
  {
    id: "trials",
    label: (t) => t("tab", { ns: "sweeps" }),
    isFor: ({ job }) => job?.type === "sweep",
    Content: lazy(() => import("@/pages/jobs/trials/TrialsTab")),
  },
  {
    id: "overview",
    label: (t) => t("tabs.overview", { ns: "job" }),
    Content: lazy(() => import("@/pages/jobs/job/overview/Overview")),
  },
  {
    id: "log",
    label: (t) => t("tabs.log", { ns: "job" }),
    isFor: hasProcess,
    Content: lazy(() => import("@/pages/jobs/job/log/LogTab")),
  },
  {
    id: "metrics",
    label: (t) => t("tabs.metrics", { ns: "job" }),
    Content: lazy(() => import("@/pages/jobs/job/metrics/MetricsTab")),
  },
  {
    id: "outputs",
    label: (t) => t("job.outputs", { ns: "files" }),
    Content: lazy(() => import("@/pages/jobs/files/OutputsTab")),
  },
  {
    id: "code",
    label: (t) => t("job.code", { ns: "files" }),
    isFor: ({ job }) => codeOf(job) !== null,
    Content: lazy(() => import("@/pages/jobs/files/CodeTab")),
  },
  {
    id: "environment",
    label: (t) => t("job.environment", { ns: "files" }),
    isFor: hasProcess,
    Content: lazy(() => import("@/pages/jobs/files/EnvironmentTab")),
  },
  {
    id: "lineage",
    label: (t) => t("title", { ns: "lineage" }),
    Content: lazy(() => import("@/pages/jobs/files/LineageTab")),
  },
];
