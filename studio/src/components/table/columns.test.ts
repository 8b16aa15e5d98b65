import { expect, it } from "vitest";
import { nextSort, parseSort, shownColumns, writeSort } from "@/components/table/columns";

const columns = [
  { id: "name", header: "Name", cell: () => null, fixed: true },
  { id: "a", header: "A", cell: () => null },
  { id: "b", header: "B", cell: () => null, hidden: true },
];

it("shows the usual columns until others are chosen, and fixed ones always", () => {
  expect(shownColumns(columns, "").map(({ id }) => id)).toEqual(["name", "a"]);
  expect(shownColumns(columns, "b").map(({ id }) => id)).toEqual(["name", "b"]);
});

it("goes from none to descending, ascending and none", () => {
  const first = nextSort(null, "a");
  const second = nextSort(first, "a");
  expect([writeSort(first), writeSort(second), writeSort(nextSort(second, "a"))]).toEqual(["-a", "a", ""]);
  expect(parseSort("-metrics.`loss`")).toEqual({ id: "metrics.`loss`", descending: true });
});
