import { Button, Stack, Table, Text, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  title: string;
  /** Said when there are no rows. */
  empty: string;
  head: string[];
  rows: { key: string; cells: ReactNode[] }[];
}

const AT_FIRST = 14;

/** A short table below its own heading; of many rows the first, and a button for the others. */
export function Plain({ title, empty, head, rows }: Props) {
  const { t } = useTranslation("job");
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole || rows.length <= AT_FIRST + 2 ? rows : rows.slice(0, AT_FIRST);
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
            {shown.map(({ key, cells }) => (
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
      {shown.length < rows.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setWhole(true)} style={{ alignSelf: "start" }}>
          {t("params.all", { total: rows.length })}
        </Button>
      )}
    </Stack>
  );
}
