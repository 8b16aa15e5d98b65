import { Anchor, Button, Group, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconBox, IconPlus, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Model, type ModelSearch, useModels } from "@/api/models";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { RegisterModel } from "@/components/RegisterModel";
import { Tags } from "@/components/Tags";
import { ColumnChooser } from "@/components/table/ColumnChooser";
import { type Column, nextSort, parseSort, shownColumns, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";
import { Aliases } from "@/pages/models/Aliases";
import { StageBadge } from "@/pages/models/StageBadge";

type Which = ModelSearch["archived"];

/** All models: what is newest of each, what aliases and stages name, where it came from. */
export function Component() {
  const { t } = useTranslation("models");
  const [isOpen, { open, close }] = useDisclosure();
  const [text, setText] = useAddressState("q", "");
  const [which, setWhich] = useAddressState("show", "active");
  return (
    <>
      <PageHeader
        title={t("title")}
        actions={
          <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
            {t("register.action")}
          </Button>
        }
      />
      <Found text={text} setText={setText} which={which as Which} setWhich={setWhich} />
      <RegisterModel isOpen={isOpen} onClose={close} />
    </>
  );
}

interface Asked {
  text: string;
  setText: (text: string) => void;
  which: Which;
  setWhich: (which: string) => void;
}

function Found({ text, setText, which, setWhich }: Asked) {
  const { t } = useTranslation(["models", "common"]);
  const [order, setOrder] = useAddressState("sort", "-updated_at");
  const [chosen, choose] = useAddressState("columns", "");
  const [asked] = useDebouncedValue(text, 200);
  const models = useModels(useWorkspace(), { text: asked, archived: which, order: order || "name" });
  const columns = useColumns();
  const rows = models.data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <>
      <Group mb="sm" gap="xs">
        <TextInput
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder={t("find")}
          aria-label={t("find")}
          size="xs"
          style={{ flex: "1 1 220px" }}
        />
        <SegmentedControl
          size="xs"
          value={which}
          onChange={setWhich}
          aria-label={t("which")}
          data={[
            { value: "active", label: t("active") },
            { value: "archived", label: t("archived") },
            { value: "all", label: t("common:all") },
          ]}
        />
        <ColumnChooser columns={columns} chosen={chosen} onChoose={choose} />
      </Group>
      {models.isPending && <Loading />}
      {models.error && <ErrorBox error={models.error} retry={() => void models.refetch()} />}
      {models.data && (
        <DataTable
          label={t("list")}
          columns={shownColumns(columns, chosen)}
          rows={rows}
          rowKey={(row) => row.name}
          sort={parseSort(order)}
          onSort={(id) => setOrder(writeSort(nextSort(parseSort(order), id)))}
          onEnd={() => models.hasNextPage && !models.isFetchingNextPage && void models.fetchNextPage()}
          empty={<Empty isFiltered={asked !== "" || which === "archived"} />}
        />
      )}
    </>
  );
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation("models");
  if (isFiltered) return <EmptyState icon={IconBox} title={t("nothingFound")} text={t("nothingFoundText")} />;
  return (
    <EmptyState
      icon={IconBox}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command={"lapis model create -n diabetes -p azureml://jobs/<job>/outputs/model"}
    />
  );
}

function useColumns(): Column<Model>[] {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const link = (label: string, ...to: string[]) => (
    <Anchor component={Link} to={path(workspace, ...to)} fz="sm">
      {label}
    </Anchor>
  );
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 200,
      sortable: true,
      fixed: true,
      cell: ({ name }) => link(name, "models", name),
    },
    {
      id: "latest",
      header: t("latest"),
      width: 125,
      cell: ({ name, latest }) => (latest ? link(latest.version, "models", name, latest.version) : "—"),
    },
    { id: "versions", header: t("versionCount"), width: 85, numeric: true, cell: ({ versions }) => versions },
    {
      id: "aliases",
      header: t("aliases"),
      width: 190,
      cell: ({ labels }) => <Aliases names={Object.keys(labels)} of={labels} />,
    },
    { id: "stages", header: t("stages"), width: 160, cell: ({ stages }) => <Stages stages={stages} /> },
    { id: "type", header: t("common:type"), width: 100, cell: ({ latest }) => <Format type={latest?.type} /> },
    {
      id: "updated_at",
      header: t("common:modified"),
      width: 130,
      sortable: true,
      cell: ({ creation_context }) => <TimeAgo at={creation_context.last_modified_at} />,
    },
    {
      id: "job",
      header: t("job"),
      width: 170,
      cell: ({ latest }) => (latest?.job_name ? link(latest.job_name, "jobs", latest.job_name) : "—"),
    },
    {
      id: "created_at",
      header: t("common:created"),
      width: 130,
      sortable: true,
      hidden: true,
      cell: ({ creation_context }) => <TimeAgo at={creation_context.created_at} />,
    },
    {
      id: "description",
      header: t("common:description"),
      width: 260,
      hidden: true,
      cell: ({ description, latest }) => <span>{description || latest?.description || "—"}</span>,
    },
    { id: "tags", header: t("common:tags"), width: 240, hidden: true, cell: ({ tags }) => <Tags tags={tags} /> },
  ];
}

function Stages({ stages }: { stages: Record<string, string> }) {
  const pairs = Object.entries(stages);
  if (pairs.length === 0) return <span>—</span>;
  return (
    <Group gap={4} wrap="nowrap">
      {pairs.map(([stage, version]) => (
        <StageBadge key={stage} stage={stage} of={version} />
      ))}
    </Group>
  );
}

function Format({ type }: { type: string | undefined }) {
  const { t } = useTranslation("models");
  if (type === undefined) return <span>—</span>;
  return <span>{t(`register.types.${type as "mlflow_model"}`, { defaultValue: type })}</span>;
}
