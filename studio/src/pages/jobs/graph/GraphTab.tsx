import { useEffect } from "react";
import { usePipelineGraph, usePipelineGraphs } from "@/api/pipelines";
import { ErrorBox } from "@/components/ErrorBox";
import { prepare } from "@/components/graph/engine";
import { Loading } from "@/components/Loading";
import { PipelineView } from "@/pages/jobs/graph/PipelineView";
import { usePlace } from "@/pages/jobs/graph/place";
import type { Subject } from "@/pages/jobs/job/subject";

/** The graph of a pipeline job: every step with its state, as it changes. */
export default function GraphTab({ subject }: { subject: Subject }) {
  const { workspace, name } = subject;
  const { open, view } = usePlace();
  useEffect(() => {
    if (view !== "list") prepare();
  }, [view]);
  const graph = usePipelineGraph(workspace, name);
  const opened = usePipelineGraphs(workspace, open);
  if (graph.error) return <ErrorBox error={graph.error} retry={() => void graph.refetch()} />;
  if (!graph.data) return <Loading />;
  return <PipelineView graph={graph.data} opened={opened} />;
}
