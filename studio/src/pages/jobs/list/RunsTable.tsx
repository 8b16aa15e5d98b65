import { Progress, Text } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { type RunColumns, type RunKeys, type RunRow, useRunCount, useRunKeys, useRunTable } from "@/api/runs";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { type Column, nextSort, shownColumns, writeSort } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { useWorkspace } from "@/lib/workspace";
import { runColumns } from "@/pages/jobs/list/columns";
import { FilterBar } from "@/pages/jobs/list/FilterBar";
import { SelectionBar } from "@/pages/jobs/list/SelectionBar";
import { orderOf, splitColumn, type TableState, useTableState } from "@/pages/jobs/list/state";

const NO_KEYS: RunKeys = { metrics: [], params: [], tags: [] };

/** The table of all runs with its filters; its state is the page's address. */
export function RunsTable() {
  const { t } = useTranslation(["jobs", "common"]);
  const workspace = useWorkspace();
  const state = useTableState();
  const keys = useRunKeys(workspace, state.filter.experiments[0]);
  const columns = useMemo(() => runColumns(workspace, keys.data ?? NO_KEYS, t), [workspace, keys.data, t]);
  const shown = useMemo(() => shownColumns(columns, state.columns), [columns, state.columns]);
  const order = orderOf(state.sort);
  const isReady = keys.data !== undefined || keys.isError;
  const table = useRunTable(workspace, state.filter, order ? [order] : [], wantedOf(shown), isReady);
  const count = useRunCount(workspace, state.filter, isReady && !table.isError);
  const rows = useMemo(() => table.data?.pages.flatMap((page) => page.value) ?? [], [table.data]);
  return (
    <>
      <FilterBar
        state={state}
        columns={columns}
        fault={table.error instanceof ApiError && table.error.status === 400 ? table.error : null}
        total={count.data?.total}
      />
      <Progress
        value={100}
        animated
        size={2}
        mb={4}
        aria-label={t("common:loading")}
        style={{ visibility: table.isFetching && !table.isFetchingNextPage ? "visible" : "hidden" }}
        aria-hidden
      />
      {table.error && !(table.error instanceof ApiError && table.error.status === 400) && (
        <ErrorBox error={table.error} retry={() => void table.refetch()} />
      )}
      {!table.data && !table.error && <Loading />}
      {table.data && (
        <Rows
          state={state}
          columns={shown}
          rows={rows}
          total={count.data?.total}
          onEnd={() => {
            if (table.hasNextPage && !table.isFetchingNextPage) void table.fetchNextPage();
          }}
        />
      )}
    </>
  );
}

/** Which keys the server has to give for the columns that are shown. */
function wantedOf(shown: Column<RunRow>[]): RunColumns {
  const wanted: RunColumns = { metrics: [], params: [], tags: [] };
  for (const { id } of shown) {
    const [entity, key] = splitColumn(id);
    if (entity) wanted[entity].push(key);
  }
  return wanted;
}

interface RowsProps {
  state: TableState;
  columns: Column<RunRow>[];
  rows: RunRow[];
  total: number | undefined;
  onEnd: () => void;
}

function Rows({ state, columns, rows, total, onEnd }: RowsProps) {
  const { t } = useTranslation("jobs");
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const clear = useCallback(() => setSelected(new Set()), []);
  const chosen = rows.filter((row) => selected.has(row.run_id));
  return (
    <>
      <DataTable
        label={t("list")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.run_id}
        rowLabel={(row) => row.name || row.run_id}
        total={total}
        sort={state.sort}
        onSort={(id) => state.set("sort", writeSort(nextSort(state.sort, id)))}
        selected={selected}
        onSelect={setSelected}
        onEnd={onEnd}
        empty={<NoRuns isFiltered={state.search !== ""} />}
      />
      <SelectionBar runs={chosen} onDone={clear} />
    </>
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation("jobs");
  if (isFiltered) {
    return (
      <Text c="dimmed" ta="center" py="xl" role="status">
        {t("nothingFound")}
      </Text>
    );
  }
  return (
    <EmptyState
      icon={IconFlask}
      title={t("emptyTitle")}
      text={t("emptyText")}
      command="lapis job create -f job.yml --web"
    />
  );
}
