import { Anchor, Group, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDatabase, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DataName, useDataNames } from "@/api/data";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { Tags } from "@/components/Tags";
import { type Column, nextSort, parseSort, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";
import { DataTabs } from "@/pages/data/DataTabs";
import { NewData } from "@/pages/data/NewData";

const NEWEST_FIRST = "-updated_at";

/** All data by name: found by words and sorted by the server, page after page. */
export function Component() {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  const [text, setText] = useAddressState("q", "");
  const [archived, setArchived] = useAddressState("archived", "active");
  const [order, setOrder] = useAddressState("sort", NEWEST_FIRST);
  const [asked] = useDebouncedValue(text, 200);
  const names = useDataNames(workspace, asked, order, archived);
  const rows = names.data?.pages.flatMap((page) => page.value) ?? [];
  const isFiltered = asked !== "" || archived !== "active";
  return (
    <>
      <PageHeader title={t("title")} actions={<NewData />} />
      <DataTabs current="data">
        <Group mb="sm">
          <TextInput
            aria-label={t("find")}
            placeholder={t("find")}
            leftSection={<IconSearch size={14} aria-hidden />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            w={{ base: "100%", xs: 320 }}
          />
          <Switch
            label={t("archived")}
            checked={archived === "all"}
            onChange={(event) => setArchived(event.currentTarget.checked ? "all" : "active")}
          />
        </Group>
        {names.isPending && <Loading />}
        {names.error && <ErrorBox error={names.error} retry={() => void names.refetch()} />}
        {names.data && (
          <NameTable
            rows={rows}
            isFiltered={isFiltered}
            order={order}
            onSort={(id) => setOrder(writeSort(nextSort(parseSort(order), id)) || NEWEST_FIRST)}
            onEnd={names.hasNextPage && !names.isFetching ? () => void names.fetchNextPage() : undefined}
          />
        )}
      </DataTabs>
    </>
  );
}

interface TableProps {
  rows: DataName[];
  isFiltered: boolean;
  order: string;
  onSort: (id: string) => void;
  onEnd?: () => void;
}

function NameTable({ rows, isFiltered, order, onSort, onEnd }: TableProps) {
  const { t } = useTranslation(["data", "common"]);
  const columns = useColumns();
  const empty = isFiltered ? (
    <Text c="dimmed">{t("nothingFound")}</Text>
  ) : (
    <EmptyState
      icon={IconDatabase}
      title={t("empty.title")}
      text={t("empty.text")}
      command="lapis data create -n diabetes --type uri_file --path diabetes.csv"
    />
  );
  return (
    <DataTable
      label={t("list")}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.name}
      sort={parseSort(order)}
      onSort={onSort}
      onEnd={onEnd}
      empty={empty}
    />
  );
}

function useColumns(): Column<DataName>[] {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 260,
      sortable: true,
      cell: (row) => (
        <Anchor component={Link} to={path(workspace, "data", row.name)} fz="sm">
          {row.name}
        </Anchor>
      ),
    },
    { id: "latest", header: t("latest"), width: 150, cell: (row) => row.latest?.version },
    { id: "versions", header: t("versions"), width: 110, numeric: true, cell: (row) => row.versions },
    { id: "type", header: t("common:type"), width: 150, cell: (row) => <DataType type={row.latest?.type} /> },
    { id: "tags", header: t("common:tags"), width: 220, cell: (row) => <Tags tags={row.latest?.tags ?? row.tags} /> },
    {
      id: "updated_at",
      header: t("common:modified"),
      sortable: true,
      cell: (row) => <TimeAgo at={row.creation_context.last_modified_at} />,
    },
    {
      id: "created_at",
      header: t("common:created"),
      sortable: true,
      cell: (row) => <TimeAgo at={row.creation_context.created_at} />,
    },
  ];
}

function DataType({ type }: { type: string | undefined }) {
  const { t } = useTranslation("data");
  if (!type) return <span>—</span>;
  return <span>{t(`type.${type}` as "type.uri_file", { defaultValue: type })}</span>;
}
