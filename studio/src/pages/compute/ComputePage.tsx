import { Alert, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { BUILT_IN, type Compute, useChangeCompute, useCompute } from "@/api/computes";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { Tabs } from "@/components/Tabs";
import { DateTime } from "@/components/times";
import { withChanges } from "@/lib/tags";
import { path, useWorkspace } from "@/lib/workspace";
import { ComputeActions } from "@/pages/compute/ComputeActions";
import { Machines } from "@/pages/compute/Machines";
import { Nodes } from "@/pages/compute/Nodes";
import { Queue } from "@/pages/compute/Queue";
import { UseOverTime } from "@/pages/compute/UseOverTime";

/** One compute: its nodes and the jobs on them, who waits and why, how much of it was in use. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const compute = useCompute(workspace, name);
  if (BUILT_IN.includes(name)) return <Details name={name} />;
  if (compute.isPending) return <Loading />;
  if (compute.error) return <PageFault error={compute.error} retry={() => void compute.refetch()} />;
  return <Details name={compute.data.name} compute={compute.data} />;
}

/** States of attached computes, in the words that there are for states. */
const STATES: Record<string, string> = { ready: "Ready", unreachable: "NotResponding", unknown: "Queued" };

function Details({ name, compute }: { name: string; compute?: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ label: t("title"), to: path(workspace, "compute") }]}
        mark={<StatusBadge status={STATES[compute?.state ?? "ready"] ?? compute?.state ?? "Ready"} />}
        actions={compute && <ComputeActions compute={compute} />}
      />
      <Tabs
        label={name}
        tabs={[
          { id: "overview", label: t("common:overview"), content: <Overview name={name} compute={compute} /> },
          { id: "use", label: t("use"), content: <UseOverTime name={name} /> },
          { id: "properties", label: t("common:properties"), content: <Properties compute={compute} /> },
        ]}
      />
    </>
  );
}

function Overview({ name, compute }: { name: string; compute?: Compute }) {
  const isShared = compute?.is_attached && compute.type !== "virtualmachine";
  return (
    <Stack gap="lg">
      {compute?.is_attached && <Machines compute={compute} />}
      {!isShared && <Nodes name={name} />}
      <Queue name={name} />
    </Stack>
  );
}

function Properties({ compute }: { compute?: Compute }) {
  const { t } = useTranslation("compute");
  if (!compute) return <Alert color="lapis">{t("builtInText")}</Alert>;
  return <Own compute={compute} />;
}

function Own({ compute }: { compute: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const change = useChangeCompute(useWorkspace(), compute.name);
  const isCluster = compute.type === "amlcompute";
  const described = (
    <EditDescription
      text={compute.description ?? ""}
      save={(text) => change.mutateAsync({ description: text || null })}
    />
  );
  const tags = compute.tags ?? {};
  const tagged = <EditTags tags={tags} save={(given) => change.mutateAsync({ tags: withChanges(tags, given) })} />;
  return (
    <KeyValues
      label={t("common:properties")}
      pairs={[
        { label: t("common:type"), value: compute.type },
        { label: t("size"), value: compute.size },
        { label: t("minInstances"), value: isCluster ? (compute.min_instances ?? 0) : null },
        { label: t("maxInstances"), value: isCluster ? compute.max_instances : null },
        { label: t("idleTime"), value: isCluster ? compute.idle_time_before_scale_down : null },
        { label: t("common:description"), value: described },
        { label: t("common:tags"), value: tagged },
        { label: t("common:createdBy"), value: compute.creation_context.created_by },
        { label: t("common:created"), value: <DateTime at={compute.creation_context.created_at} /> },
      ]}
    />
  );
}
