import { Anchor, Group, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPackages, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Environment, type EnvironmentSearch, useEnvironments } from "@/api/environments";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { Tags } from "@/components/Tags";
import { type Column, nextSort, parseSort, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { TimeAgo } from "@/components/times";
import { useAddressState } from "@/lib/address-state";
import { path, useWorkspace } from "@/lib/workspace";
import { basisOf } from "@/pages/environments/basis";

/** The environments of a workspace. */
export function OwnEnvironments() {
  const { t } = useTranslation(["environments", "common"]);
  const [text, setText] = useAddressState("q", "");
  const [which, setWhich] = useAddressState("which", "active");
  const [order, setOrder] = useAddressState("sort", "name");
  const [asked] = useDebouncedValue(text, 200);
  const archived = which as EnvironmentSearch["archived"];
  const found = useEnvironments(useWorkspace(), { text: asked, archived, order: order || "name" });
  const columns = useColumns();
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
      </Group>
      {found.isPending && <Loading />}
      {found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={found.data.pages.flatMap((page) => page.value)}
          rowKey={(row) => row.name}
          sort={parseSort(order)}
          onSort={(id) => setOrder(writeSort(nextSort(parseSort(order), id)))}
          onEnd={() => found.hasNextPage && !found.isFetchingNextPage && void found.fetchNextPage()}
          empty={<Empty isFiltered={asked !== "" || which === "archived"} />}
        />
      )}
    </>
  );
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation("environments");
  if (isFiltered) return <EmptyState icon={IconPackages} title={t("nothing")} text={t("nothingText")} />;
  return (
    <EmptyState
      icon={IconPackages}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command="lapis environment create -n train-env --conda-file conda.yml"
    />
  );
}

function useColumns(): Column<Environment>[] {
  const { t } = useTranslation(["environments", "common"]);
  const workspace = useWorkspace();
  const link = (label: string, ...to: string[]) => (
    <Anchor component={Link} to={path(workspace, "environments", ...to)} fz="sm">
      {label}
    </Anchor>
  );
  return [
    { id: "name", header: t("common:name"), width: 220, sortable: true, cell: (row) => link(row.name, row.name) },
    {
      id: "latest",
      header: t("latest"),
      width: 130,
      cell: (row) => row.latest && link(row.latest.version, row.name, row.latest.version),
    },
    { id: "versions", header: t("versions"), width: 110, numeric: true, cell: (row) => row.versions },
    { id: "basis", header: t("basis"), width: 280, cell: (row) => (row.latest ? basisOf(row.latest, t) : "—") },
    { id: "tags", header: t("common:tags"), width: 220, cell: (row) => <Tags tags={row.latest?.tags} /> },
    {
      id: "updated_at",
      header: t("common:modified"),
      sortable: true,
      cell: (row) => <TimeAgo at={row.creation_context.last_modified_at ?? row.creation_context.created_at} />,
    },
  ];
}
