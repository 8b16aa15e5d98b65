import { Stack, Table, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** Said when there are no rows. */
  empty: string;
  head: string[];
  rows: { key: string; cells: ReactNode[] }[];
}

/** A short table below its own heading. */
export function Plain({ title, empty, head, rows }: Props) {
  return (
    <Stack gap="xs" component="section">
      <Title order={2}>{title}</Title>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      )}
      {rows.length > 0 && (
        <Table withTableBorder aria-label={title}>
          <Table.Thead>
            <Table.Tr>
              {head.map((word) => (
                <Table.Th key={word} style={{ overflowWrap: "break-word" }}>
                  {word}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ key, cells }) => (
              <Table.Tr key={key}>
                {cells.map((cell, index) => (
                  <Table.Td
                    key={head[index]}
                    style={{ overflowWrap: index < cells.length - 1 ? "break-word" : "anywhere" }}
                  >
                    {cell}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}
