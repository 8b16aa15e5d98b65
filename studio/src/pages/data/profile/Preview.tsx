import { Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type DataVersion, type Profile, useProfile } from "@/api/data";
import { Loading } from "@/components/Loading";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { useWorkspace } from "@/lib/workspace";
import { NoTable } from "@/pages/data/profile/ProfileTab";

interface Row {
  index: number;
  cells: Profile["head"][number];
}

/** The first rows of a table; further ones, and other files, are found among the files. */
export function Preview({ data }: { data: DataVersion }) {
  const { t } = useTranslation("data");
  const profile = useProfile(useWorkspace(), data);
  if (profile.isPending) return <Loading />;
  if (profile.error) return <NoTable error={profile.error} retry={() => void profile.refetch()} />;
  return (
    <Stack gap="xs">
      <Text size="sm">{t("profile.previewRows")}</Text>
      <Rows profile={profile.data} />
    </Stack>
  );
}

function Rows({ profile }: { profile: Profile }) {
  const { t } = useTranslation("data");
  const rows = useMemo(() => profile.head.map((cells, index): Row => ({ index: index + 1, cells })), [profile]);
  const columns = useMemo<Column<Row>[]>(() => {
    const number: Column<Row> = { id: "#", header: "#", width: 56, numeric: true, cell: (row) => row.index };
    const shown = profile.columns.map(
      (column, place): Column<Row> => ({
        id: `${place}`,
        header: column.name,
        width: widthOf(column.name, rows, place),
        numeric: column.kind === "number",
        cell: (row) => <Cell value={row.cells[place] ?? null} />,
      }),
    );
    return [number, ...shown];
  }, [profile, rows]);
  return (
    <DataTable
      label={t("profile.previewRows")}
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.index)}
      empty={<Text c="dimmed">{t("profile.nothing")}</Text>}
    />
  );
}

/** Leaves room for the longest of the values and for the name, in pixels; no column takes all. */
function widthOf(name: string, rows: Row[], place: number): number {
  const longest = Math.max(...rows.map(({ cells }) => String(cells[place] ?? "—").length));
  return Math.min(300, 28 + Math.max(9 * name.length, 8 * longest));
}

function Cell({ value }: { value: Profile["head"][number][number] }) {
  if (value === null)
    return (
      <Text span c="dimmed">
        —
      </Text>
    );
  return <span title={String(value)}>{String(value)}</span>;
}
