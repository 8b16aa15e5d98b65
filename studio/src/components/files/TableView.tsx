import { Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type TablePage, tableQuery } from "@/api/files";
import { ErrorBox } from "@/components/ErrorBox";
import classes from "@/components/files/files.module.css";
import type { ViewProps } from "@/components/files/Preview";
import { Loading } from "@/components/Loading";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";

interface Line {
  index: number;
  cells: TablePage["rows"][number];
}

/** One cell, cut at its column's width; whole on hover. */
function Value({ value }: { value: TablePage["rows"][number][number] | undefined }) {
  const text = value === null || value === undefined ? "" : String(value);
  return (
    <span className={classes.value} title={text}>
      {text}
    </span>
  );
}

const NUMERIC = /^(U?Int|Float|Decimal)/;

/** The rows of a table, fetched as they come into sight. */
export default function TableView({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  const table = useInfiniteQuery(tableQuery(source, file));
  const pages = table.data?.pages;
  const lines = useMemo(
    () => (pages ?? []).flatMap(({ rows }) => rows).map((cells, index) => ({ index, cells })),
    [pages],
  );
  const columns = useMemo(() => columnsOf(pages?.[0]), [pages]);
  const { fetchNextPage, hasNextPage, isFetching } = table;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetching]);
  if (table.isPending) return <Loading />;
  if (!pages) return <ErrorBox error={table.error} retry={() => void table.refetch()} />;
  const first = pages[0] as TablePage;
  return (
    <Stack gap="xs">
      <DataTable
        label={file.name}
        columns={columns}
        rows={lines}
        rowKey={({ index }) => String(index)}
        total={first.total ?? undefined}
        onEnd={more}
        height="60vh"
      />
      {table.error && <ErrorBox error={table.error} retry={more} />}
      <Text size="sm" c="dimmed">
        {[
          first.format,
          t("columnCount", { count: columns.length - 1 + first.columns_left_out }),
          first.total !== null ? t("rowCount", { count: first.total }) : t("rowsShown", { count: lines.length }),
          ...(first.columns_left_out > 0 ? [t("columnsLeftOut", { count: first.columns_left_out })] : []),
          ...(first.is_head ? [t("onlyHead")] : []),
        ].join(" · ")}
      </Text>
    </Stack>
  );
}

function columnsOf(page: TablePage | undefined): Column<Line>[] {
  const number: Column<Line> = { id: "#", header: "#", width: 72, numeric: true, cell: ({ index }) => index + 1 };
  const found = (page?.columns ?? []).map(({ name, type }, at): Column<Line> => {
    const cell = ({ cells }: Line) => <Value value={cells[at]} />;
    return { id: `${at}`, header: `${name} (${type})`, numeric: NUMERIC.test(type), width: 150, cell };
  });
  return [number, ...found];
}
