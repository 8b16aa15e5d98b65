import { useTranslation } from "react-i18next";
import { Plain } from "@/pages/jobs/job/overview/Plain";
import type { Subject } from "@/pages/jobs/job/subject";

/** The parameters that the code logged. */
export function Params({ subject: { run } }: { subject: Subject }) {
  const { t } = useTranslation("job");
  return (
    <Plain
      title={t("params.title")}
      empty={t("params.empty")}
      head={[t("params.name"), t("params.value")]}
      rows={(run?.params ?? []).map(([key, value]) => ({ key, cells: [key, value] }))}
    />
  );
}
