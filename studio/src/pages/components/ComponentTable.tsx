import { Anchor, Badge, Checkbox, Group, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPuzzle, IconSearch } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ComponentName, useComponents } from "@/api/components";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { Tags } from "@/components/Tags";
import { type Column, nextSort, parseSort, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";

const PAGE = 100;
const MANY = 1000;

/** Components by name, found by a text; `type` leaves out those of other types. */
export function ComponentTable({ type }: { type?: string }) {
  const { t } = useTranslation("components");
  const [text, setText] = useAddressState("q", "");
  const [archived, setArchived] = useAddressState("archived", "");
  const [order, setOrder] = useAddressState("sort", "-updated_at");
  const [asked] = useDebouncedValue(text, 200);
  const found = useComponents(useWorkspace(), {
    text: asked,
    order: order || "name",
    archived: archived ? "all" : "active",
    limit: type ? MANY : PAGE,
  });
  const columns = useColumns();
  const rows = useMemo(() => {
    const all = found.data?.pages.flatMap(({ value }) => value) ?? [];
    return type ? all.filter(({ latest }) => (latest?.type ?? "command") === type) : all;
  }, [found.data, type]);
  return (
    <>
      <Group mb="sm">
        <TextInput
          w={280}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder={t("find")}
          aria-label={t("find")}
        />
        <Checkbox
          label={t("archived")}
          checked={archived !== ""}
          onChange={(event) => setArchived(event.currentTarget.checked ? "1" : "")}
        />
      </Group>
      {found.isPending && <Loading />}
      {found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label={t("list")}
          columns={columns}
          rows={rows}
          rowKey={({ name }) => name}
          sort={parseSort(order)}
          onSort={(id) => setOrder(writeSort(nextSort(parseSort(order), id)))}
          onEnd={() => void (found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage())}
          empty={<Empty isSearched={asked !== ""} />}
        />
      )}
    </>
  );
}

function Empty({ isSearched }: { isSearched: boolean }) {
  const { t } = useTranslation("components");
  if (isSearched) return <EmptyState icon={IconSearch} title={t("noMatchTitle")} text={t("noMatchText")} />;
  const command = "lapis component create -f component.yml";
  return <EmptyState icon={IconPuzzle} title={t("emptyTitle")} text={t("emptyText")} command={command} />;
}

function useColumns(): Column<ComponentName>[] {
  const { t } = useTranslation(["components", "common"]);
  const workspace = useWorkspace();
  return [
    {
      id: "name",
      header: t("common:name"),
      width: 220,
      sortable: true,
      cell: (row) => (
        <Group gap={6} wrap="nowrap">
          <Anchor component={Link} to={path(workspace, "components", row.name)} fz="sm">
            {row.name}
          </Anchor>
          {row.archived && <Badge variant="default">{t("archivedMark")}</Badge>}
        </Group>
      ),
    },
    { id: "type", header: t("common:type"), width: 120, cell: (row) => row.latest?.type ?? "command" },
    { id: "latest", header: t("latest"), width: 130, cell: (row) => row.latest?.version ?? "—" },
    { id: "versions", header: t("versions"), width: 110, numeric: true, cell: (row) => row.versions },
    {
      id: "updated_at",
      header: t("common:modified"),
      width: 150,
      sortable: true,
      cell: (row) => <TimeAgo at={row.creation_context.last_modified_at} />,
    },
    {
      id: "description",
      header: t("common:description"),
      width: 260,
      cell: (row) => (
        <Text size="sm" truncate>
          {row.description ?? row.latest?.description}
        </Text>
      ),
    },
    { id: "tags", header: t("common:tags"), width: 220, cell: (row) => <Tags tags={row.tags} /> },
    { id: "by", header: t("common:createdBy"), width: 120, cell: (row) => row.creation_context.created_by },
  ];
}
