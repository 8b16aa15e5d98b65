import { Anchor, Button, SimpleGrid, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { type Compute, type Node, useCompute, useNodes, useTurnCompute } from "@/api/computes";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { DateTime, Duration } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";

/** One compute: what it is, its nodes, and the jobs on them. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const compute = useCompute(workspace, name);
  if (compute.isPending) return <Loading />;
  if (compute.error) return <ErrorBox error={compute.error} retry={() => void compute.refetch()} />;
  return <Details compute={compute.data} />;
}

function Details({ compute }: { compute: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={compute.name}
        crumbs={[{ label: t("title"), to: path(workspace, "compute") }]}
        mark={<StatusBadge status={compute.state ?? compute.provisioning_state} />}
        actions={compute.type === "computeinstance" && <Turn compute={compute} />}
      />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <KeyValues
          label={t("common:properties")}
          pairs={[
            { label: t("common:type"), value: compute.type },
            { label: t("size"), value: compute.size },
            { label: t("common:description"), value: compute.description },
            { label: t("common:tags"), value: <Tags tags={compute.tags} /> },
            { label: t("common:createdBy"), value: compute.creation_context.created_by },
            { label: t("common:created"), value: <DateTime at={compute.creation_context.created_at} /> },
          ]}
        />
        <Nodes name={compute.name} />
      </SimpleGrid>
    </>
  );
}

function Nodes({ name }: { name: string }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const nodes = useNodes(workspace, name);
  const columns: Column<Node>[] = [
    { id: "node", header: t("node"), width: 120, cell: (row) => row.node_id },
    {
      id: "state",
      header: t("state"),
      width: 140,
      cell: (row) => <StatusBadge status={row.current_job_name ? "Running" : "Ready"} />,
    },
    {
      id: "job",
      header: t("slots"),
      width: 220,
      cell: (row) =>
        row.current_job_name && (
          <Anchor component={Link} to={path(workspace, "jobs", row.current_job_name)} fz="sm">
            {row.current_job_name}
          </Anchor>
        ),
    },
    {
      id: "since",
      header: t("common:status"),
      width: 110,
      numeric: true,
      cell: (row) => <Duration from={row.since} />,
    },
  ];
  return (
    <Stack gap="xs">
      <Title order={2}>{t("nodes")}</Title>
      {nodes.error && <ErrorBox error={nodes.error} />}
      {nodes.data && (
        <DataTable
          label={t("nodes")}
          columns={columns}
          rows={nodes.data}
          rowKey={(row) => row.node_id}
          height="420px"
        />
      )}
    </Stack>
  );
}

function Turn({ compute }: { compute: Compute }) {
  const { t } = useTranslation("compute");
  const turn = useTurnCompute(useWorkspace(), compute.name);
  const verb = compute.state === "Stopped" ? "start" : "stop";
  return (
    <Button variant="default" size="xs" loading={turn.isPending} onClick={() => turn.mutate(verb)}>
      {t(verb)}
    </Button>
  );
}
