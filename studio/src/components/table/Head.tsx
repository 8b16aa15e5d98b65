import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Column, Sort } from "@/components/table/columns";
import type { DataTableProps } from "@/components/table/DataTable";
import classes from "@/components/table/table.module.css";

/** The head of a table: names, sort, and the box that selects every row that is loaded. */
export function Head<T>({ columns, rows, rowKey, sort, onSort, selected, onSelect }: DataTableProps<T>) {
  const { t } = useTranslation();
  const count = selected?.size ?? 0;
  const all = rows.length > 0 && count >= rows.length;
  return (
    <thead role="rowgroup" className={classes.head}>
      <tr role="row" className={classes.row} aria-rowindex={1}>
        {onSelect && (
          <th role="columnheader" scope="col" className={`${classes.headCell} ${classes.check}`}>
            <Checkbox
              size="xs"
              checked={all}
              indeterminate={count > 0 && !all}
              onChange={() => onSelect(all ? new Set() : new Set(rows.map(rowKey)))}
              aria-label={t("table.selectAll")}
            />
          </th>
        )}
        {columns.map((column) => (
          <HeadCell key={column.id} column={column} sort={sort ?? null} onSort={onSort} />
        ))}
      </tr>
    </thead>
  );
}

interface CellProps<T> {
  column: Column<T>;
  sort: Sort | null;
  onSort?: (id: string) => void;
}

function HeadCell<T>({ column, sort, onSort }: CellProps<T>) {
  const { t } = useTranslation();
  const own = sort?.id === column.id ? sort : null;
  const Icon = own ? (own.descending ? IconArrowDown : IconArrowUp) : IconArrowsSort;
  const order = own ? (own.descending ? "descending" : "ascending") : undefined;
  return (
    <th
      role="columnheader"
      scope="col"
      aria-sort={order}
      className={`${classes.headCell} ${column.numeric ? classes.numeric : ""}`}
      style={{ width: column.width ?? 160 }}
      title={column.header}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className={classes.sort}
          onClick={() => onSort(column.id)}
          aria-label={t("table.sort", { name: column.header })}
        >
          {column.header}
          <Icon size={14} aria-hidden opacity={own ? 1 : 0.4} />
        </button>
      ) : (
        <span>{column.header}</span>
      )}
    </th>
  );
}
