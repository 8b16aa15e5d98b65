import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "@/api/jobs";
import { Plain } from "@/pages/jobs/job/overview/Plain";
import { Reference } from "@/pages/jobs/job/overview/Reference";
import type { Subject } from "@/pages/jobs/job/subject";

/** What a job took: its inputs with links to what they name, and the data sets that its code logged. */
export function Inputs({ subject: { job, run } }: { subject: Subject }) {
  const { t } = useTranslation(["job", "common"]);
  const datasets = run?.datasets ?? [];
  return (
    <>
      {job && (
        <Plain
          title={t("inputs.title")}
          empty={t("inputs.empty")}
          head={[t("inputs.name"), t("common:type"), t("inputs.value")]}
          rows={Object.entries(inputsOf(job)).map(([name, given]) => ({ key: name, cells: [name, ...cellsOf(given)] }))}
        />
      )}
      {datasets.length > 0 && (
        <Plain
          title={t("inputs.datasets")}
          empty=""
          head={[t("inputs.name"), t("common:type"), t("inputs.value")]}
          rows={datasets.map(({ name, digest, context, source }) => ({
            key: name + digest + context,
            cells: [
              name,
              context,
              <Text key="source" size="sm" lineClamp={3}>
                {placeOf(source)}
              </Text>,
            ],
          }))}
        />
      )}
    </>
  );
}

/** Where a logged data set comes from: MLflow keeps it as JSON, of which one key names the place. */
function placeOf(source: string): string {
  try {
    const said = JSON.parse(source) as { uri?: string; url?: string; path?: string; tags?: Record<string, string> };
    return said.uri ?? said.url ?? said.path ?? said.tags?.["mlflow.source.name"] ?? source;
  } catch {
    return source;
  }
}

function inputsOf(job: Job): Record<string, unknown> {
  return typeof job.inputs === "object" && job.inputs !== null ? (job.inputs as Record<string, unknown>) : {};
}

function cellsOf(given: unknown): [ReactNode, ReactNode] {
  if (typeof given !== "object" || given === null) return [typeof given, String(given)];
  const { type, path, mode, value } = given as { type?: string; path?: string; mode?: string; value?: unknown };
  const words = [type ?? "uri_folder", mode].filter(Boolean).join(", ");
  if (path === undefined) return [type ?? "", value === undefined ? JSON.stringify(given) : String(value)];
  return [words, <Reference key="path" to={path} kind={type?.endsWith("_model") ? "models" : "data"} />];
}
