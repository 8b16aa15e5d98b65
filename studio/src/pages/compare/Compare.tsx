import { IconChartLine } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type RunRow, useComparison } from "@/api/runs";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { CurvesTab } from "@/pages/compare/CurvesTab";
import { ImagesTab } from "@/pages/compare/ImagesTab";
import { linesOf } from "@/pages/compare/model";
import { ParallelTab } from "@/pages/compare/ParallelTab";
import { RunChips } from "@/pages/compare/RunChips";
import { ScatterTab } from "@/pages/compare/ScatterTab";
import { ValuesTab } from "@/pages/compare/ValuesTab";

/** Runs side by side: curves, values, scatter, parallel coordinates, images. */
export function Component() {
  const { t } = useTranslation(["compare", "jobs"]);
  const workspace = useWorkspace();
  const [params] = useSearchParams();
  const listed = params.get("runs") ?? "";
  const asked = useMemo(() => [...new Set(listed.split(",").filter(Boolean))], [listed]);
  const compared = useComparison(workspace, asked);
  return (
    <>
      <PageHeader title={t("title")} crumbs={[{ label: t("jobs:title"), to: path(workspace, "jobs") }]} />
      {asked.length === 0 && <EmptyState icon={IconChartLine} title={t("emptyTitle")} text={t("emptyText")} />}
      {asked.length > 0 && compared.isPending && <Loading />}
      {compared.error && <ErrorBox error={compared.error} retry={() => void compared.refetch()} />}
      {compared.data && <Compared runs={compared.data} asked={asked} />}
    </>
  );
}

function Compared({ runs, asked }: { runs: RunRow[]; asked: string[] }) {
  const { t } = useTranslation("compare");
  const lines = useMemo(() => linesOf(runs), [runs]);
  return (
    <>
      <RunChips runs={runs} missing={asked.filter((id) => !runs.some((run) => run.run_id === id))} />
      <Tabs
        label={t("title")}
        tabs={[
          { id: "curves", label: t("tabs.curves"), content: <CurvesTab runs={runs} lines={lines} /> },
          { id: "values", label: t("tabs.values"), content: <ValuesTab runs={runs} lines={lines} /> },
          { id: "scatter", label: t("tabs.scatter"), content: <ScatterTab runs={runs} lines={lines} /> },
          { id: "parallel", label: t("tabs.parallel"), content: <ParallelTab runs={runs} lines={lines} /> },
          { id: "images", label: t("tabs.images"), content: <ImagesTab runs={runs} /> },
        ]}
      />
    </>
  );
}
