import { LineageView } from "@/components/lineage/LineageView";
import type { Subject } from "@/pages/jobs/job/subject";

/** What a job or run used, and what came of it. */
export default function LineageTab({ subject }: { subject: Subject }) {
  return <LineageView start={{ kind: "job", name: subject.name }} />;
}
