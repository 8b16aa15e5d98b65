import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import type { Column, Sort } from "@/components/table/columns";
import { Head } from "@/components/table/Head";
import { Row } from "@/components/table/Row";
import classes from "@/components/table/table.module.css";

const ROW_HEIGHT = 40;
const AHEAD = 20;

export interface DataTableProps<T> {
  /** What the table holds, for those who hear the page. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Names a row for its checkbox. */
  rowLabel?: (row: T) => string;
  /** How many rows there are in all, when known. */
  total?: number;
  sort?: Sort | null;
  onSort?: (id: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
  /** Height of the box in CSS; what the window leaves when left out. */
  height?: string;
  /** Stands in the rows' place when there are none. */
  empty?: ReactNode;
}

/** A table of any length: only the rows in sight are in the page; the server sorts. */
export function DataTable<T>(props: DataTableProps<T>) {
  const { columns, rows, rowKey, selected, onSelect, onEnd, height } = props;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    initialRect: { width: 1000, height: 600 },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - AHEAD) onEnd();
  }, [last, rows.length, onEnd]);
  if (rows.length === 0 && props.empty) return props.empty;
  const toggle = (key: string, isOn: boolean) => {
    const next = new Set(selected);
    if (isOn) next.add(key);
    else next.delete(key);
    onSelect?.(next);
  };
  const style = height ? ({ "--table-height": height } as CSSProperties) : undefined;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className={classes.box} ref={box} style={style} tabIndex={0} aria-label={props.label}>
      <table
        className={classes.table}
        role="table"
        aria-label={props.label}
        aria-rowcount={(props.total ?? rows.length) + 1}
      >
        <Head {...props} />
        <tbody className={classes.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index] as T;
            const key = rowKey(row);
            return (
              <Row
                key={key}
                row={row}
                index={item.index}
                top={item.start}
                columns={columns}
                label={props.rowLabel?.(row) ?? key}
                isSelected={onSelect ? (selected?.has(key) ?? false) : undefined}
                onToggle={(isOn) => toggle(key, isOn)}
              />
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
