import { Checkbox } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/components/table/columns";
import classes from "@/components/table/table.module.css";

interface Props<T> {
  row: T;
  index: number;
  top: number;
  columns: Column<T>[];
  label: string;
  /** Undefined: rows can't be selected. */
  isSelected: boolean | undefined;
  onToggle: (isOn: boolean) => void;
}

/** One row of a table, at its place. */
export function Row<T>({ row, index, top, columns, label, isSelected, onToggle }: Props<T>) {
  const { t } = useTranslation();
  return (
    <tr
      role="row"
      aria-rowindex={index + 2}
      className={classes.row}
      data-selected={isSelected || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      {isSelected !== undefined && (
        <td role="cell" className={`${classes.cell} ${classes.check}`}>
          <Checkbox
            size="xs"
            checked={isSelected}
            onChange={(event) => onToggle(event.currentTarget.checked)}
            aria-label={t("table.select", { name: label })}
          />
        </td>
      )}
      {columns.map((column) => (
        <td
          key={column.id}
          role="cell"
          className={`${classes.cell} ${column.numeric ? classes.numeric : ""}`}
          style={{ width: column.width ?? 160 }}
        >
          <Content>{column.cell(row)}</Content>
        </td>
      ))}
    </tr>
  );
}

/** What a cell holds, a dash for nothing; a text that its column is too narrow for is cut, and whole on hover. */
function Content({ children }: { children: ReactNode }) {
  if (children === null || children === undefined || children === "" || children === false) return <span>—</span>;
  if (typeof children === "string") return <span title={children}>{children}</span>;
  return typeof children === "number" ? <span>{children}</span> : children;
}
