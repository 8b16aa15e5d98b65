import { useTranslation } from "react-i18next";
import { useJobOutputs } from "@/api/jobs";
import { ErrorBox } from "@/components/ErrorBox";
import { Plain } from "@/pages/jobs/job/overview/Plain";
import { Reference } from "@/pages/jobs/job/overview/Reference";
import type { Subject } from "@/pages/jobs/job/subject";

/** What a job put out, registered as an asset or not, and the models that its code logged. */
export function Outputs({ subject: { workspace, name, job, run } }: { subject: Subject }) {
  const { t } = useTranslation(["job", "common"]);
  const outputs = useJobOutputs(workspace, name, job !== null);
  const declared = (job?.outputs ?? {}) as Record<string, { name?: string; version?: string } | null>;
  const models = run?.modelIds ?? [];
  if (outputs.error) return <ErrorBox error={outputs.error} />;
  const rows = (outputs.data ?? []).map(({ name: output, type, uri }) => {
    const asset = declared[output];
    const registered = asset?.name ? `azureml:${asset.name}${asset.version ? `:${asset.version}` : ""}` : uri;
    const shown = output === "artifacts" ? t("outputs.artifacts") : output;
    return {
      key: output,
      cells: [shown, type, <Reference key="uri" to={registered} kind={type.endsWith("_model") ? "models" : "data"} />],
    };
  });
  const logged = models.map((id) => ({ key: id, cells: [t("outputs.models"), "", id] }));
  return (
    <Plain
      title={t("outputs.title")}
      empty={t("outputs.empty")}
      head={[t("inputs.name"), t("common:type"), t("inputs.value")]}
      rows={[...rows, ...logged]}
    />
  );
}
