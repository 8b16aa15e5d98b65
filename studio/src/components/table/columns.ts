import type { ReactNode } from "react";

/** One column of a table. */
export interface Column<Row> {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** The server can sort by it. */
  sortable?: boolean;
  /** Numbers stand at the right. */
  numeric?: boolean;
  /** Width in pixels; 160 when left out. */
  width?: number;
  /** Left out at first; the person can choose it. */
  hidden?: boolean;
  /** Always shown. */
  fixed?: boolean;
}

export interface Sort {
  id: string;
  descending: boolean;
}

/** Reads a sort from an address: `-start_time` is descending. */
export function parseSort(text: string): Sort | null {
  if (!text) return null;
  return text.startsWith("-") ? { id: text.slice(1), descending: true } : { id: text, descending: false };
}

/** Writes a sort for an address. */
export function writeSort(sort: Sort | null): string {
  return sort ? `${sort.descending ? "-" : ""}${sort.id}` : "";
}

/** The sort after a click on a column: descending first for numbers and times, then ascending, then none. */
export function nextSort(current: Sort | null, id: string): Sort | null {
  if (current?.id !== id) return { id, descending: true };
  return current.descending ? { id, descending: false } : null;
}

/** The ids of the columns to show: those chosen, else those that are not hidden at first. */
export function shownColumns<Row>(columns: Column<Row>[], chosen: string): Column<Row>[] {
  if (!chosen) return columns.filter((column) => !column.hidden);
  const ids = new Set(chosen.split(","));
  return columns.filter((column) => column.fixed || ids.has(column.id));
}
