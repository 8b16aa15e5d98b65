import { Anchor, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconSitemap } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type PipelineLine, usePipelines } from "@/api/pipelines";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { StatusBadge } from "@/components/StatusBadge";
import { Tags } from "@/components/Tags";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { Duration, TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";
import { Progress } from "@/pages/pipelines/Progress";

const STATES = ["Running", "Completed", "Failed", "Canceled", "NotStarted"] as const;

/** Pipeline jobs, newest first: how far each is, found by a text and a state. */
export function PipelineTable() {
  const { t } = useTranslation("pipelines");
  const [status, setStatus] = useAddressState("status", "");
  const [text, setText] = useAddressState("find", "");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const found = usePipelines(useWorkspace(), status, asked);
  const rows = useMemo(() => found.data?.pages.flatMap(({ value }) => value) ?? [], [found.data]);
  const columns = usePipelineColumns();
  const isFiltered = status !== "" || asked !== "";
  return (
    <>
      <Filters status={status} onStatus={setStatus} text={text} onText={setText} />
      {found.isPending && <Loading />}
      {found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label={t("list")}
          columns={columns}
          rows={rows}
          rowKey={({ name }) => name}
          onEnd={() => void (found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage())}
          empty={isFiltered ? <NoMatch /> : <None />}
        />
      )}
    </>
  );
}

function NoMatch() {
  const { t } = useTranslation("pipelines");
  return <EmptyState icon={IconSearch} title={t("noMatchTitle")} text={t("noMatchText")} />;
}

function None() {
  const { t } = useTranslation("pipelines");
  const command = "lapis job create -f pipeline.yml --stream";
  return <EmptyState icon={IconSitemap} title={t("emptyTitle")} text={t("emptyText")} command={command} />;
}

interface FilterProps {
  status: string;
  onStatus: (status: string) => void;
  text: string;
  onText: (text: string) => void;
}

function Filters({ status, onStatus, text, onText }: FilterProps) {
  const { t } = useTranslation(["pipelines", "status", "common"]);
  return (
    <Group mb="sm" gap="sm">
      <TextInput
        w={280}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t("find")}
        aria-label={t("find")}
      />
      <NativeSelect
        value={status}
        onChange={(event) => onStatus(event.currentTarget.value)}
        aria-label={t("common:status")}
        data={[
          { value: "", label: t("anyStatus") },
          ...STATES.map((state) => ({ value: state, label: t(`status:${state}`) })),
        ]}
      />
    </Group>
  );
}

function usePipelineColumns(): Column<PipelineLine>[] {
  const { t } = useTranslation(["pipelines", "common"]);
  const workspace = useWorkspace();
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 260,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "jobs", row.name)} fz="sm" title={row.name}>
          {row.display_name}
        </Anchor>
      ),
    },
    { id: "status", header: t("common:status"), width: 150, cell: (row) => <StatusBadge status={row.status} /> },
    { id: "steps", header: t("progress"), width: 260, cell: (row) => <Progress line={row} /> },
    {
      id: "job",
      header: t("job"),
      width: 200,
      cell: (row) => (
        <Text size="sm" c="dimmed" truncate title={row.name}>
          {row.name}
        </Text>
      ),
    },
    { id: "experiment", header: t("experiment"), width: 160, cell: (row) => row.experiment_name },
    { id: "created", header: t("common:created"), width: 140, cell: (row) => <TimeAgo at={row.created_at} /> },
    {
      id: "duration",
      header: t("duration"),
      width: 120,
      numeric: true,
      cell: (row) => <Duration from={row.started_at} to={row.ended_at} />,
    },
    { id: "by", header: t("common:createdBy"), width: 120, cell: (row) => row.created_by },
    { id: "tags", header: t("common:tags"), width: 240, cell: (row) => <Tags tags={row.tags} /> },
  ];
}
