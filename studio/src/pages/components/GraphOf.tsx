import { type ComponentVersion, useComponentGraph } from "@/api/components";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useWorkspace } from "@/lib/workspace";
import { PipelineView } from "@/pages/jobs/graph/PipelineView";

const NONE = new Map();

/** The graph of a pipeline component; its steps have no state. */
export default function GraphOf({ component }: { component: ComponentVersion }) {
  const graph = useComponentGraph(useWorkspace(), component.name, component.version);
  if (graph.error) return <ErrorBox error={graph.error} retry={() => void graph.refetch()} />;
  if (!graph.data) return <Loading />;
  return <PipelineView graph={graph.data} opened={NONE} />;
}
