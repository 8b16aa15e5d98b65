import { Navigate, useParams } from "react-router";
import { useExperiments } from "@/api/runs";
import { NotFound } from "@/app/NotFound";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { path, useWorkspace } from "@/lib/workspace";

/** The address of an experiment by its name leads to its runs. */
export function Component() {
  const workspace = useWorkspace();
  const { name = "" } = useParams();
  const experiments = useExperiments(workspace);
  if (experiments.isPending) return <Loading />;
  if (experiments.error) return <ErrorBox error={experiments.error} retry={() => void experiments.refetch()} />;
  const found = experiments.data.find((one) => one.name === name);
  if (!found) return <NotFound />;
  return <Navigate to={`${path(workspace, "jobs")}?experiment=${found.id}&children=yes`} replace />;
}
