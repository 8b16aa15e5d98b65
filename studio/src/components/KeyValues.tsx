import { Table } from "@mantine/core";
import type { ReactNode } from "react";

export interface Pair {
  label: string;
  value: ReactNode;
}

/** Properties of one thing; pairs without a value are left out. */
export function KeyValues({ pairs, label }: { pairs: Pair[]; label: string }) {
  const shown = pairs.filter(({ value }) => value !== null && value !== undefined && value !== "");
  return (
    <Table variant="vertical" layout="fixed" withTableBorder aria-label={label}>
      <Table.Tbody>
        {shown.map((pair) => (
          <Table.Tr key={pair.label}>
            <Table.Th w={160} fw={500}>
              {pair.label}
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{pair.value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
