import { Code, ScrollArea, Stack, Table, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { SignatureColumn } from "@/api/models";

interface Props {
  title: string;
  columns: SignatureColumn[];
  /** What the last column says; left out: nothing. */
  last?: "required" | "default";
}

/** One part of a signature as a table; nothing when the part is empty. */
export function SignatureTable({ title, columns, last }: Props) {
  const { t } = useTranslation("models");
  if (columns.length === 0) return null;
  const hasShape = columns.some(({ shape }) => shape !== null);
  return (
    <Stack gap="xs">
      <Title order={2}>{title}</Title>
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "group", "aria-label": title }}>
        <Table withTableBorder aria-label={title} maw={820}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("column")}</Table.Th>
              <Table.Th>{t("columnType")}</Table.Th>
              {hasShape && <Table.Th>{t("shape")}</Table.Th>}
              {last && <Table.Th>{last === "default" ? t("defaultValue") : t("required")}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {columns.map((column, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells columns without a name apart
              <Table.Tr key={index}>
                <Table.Td>{column.name ?? t("unnamed")}</Table.Td>
                <Table.Td>
                  <Code>{column.type}</Code>
                </Table.Td>
                {hasShape && <Table.Td>{column.shape ? `(${column.shape.join(", ")})` : "—"}</Table.Td>}
                {last && (
                  <Table.Td>
                    {last === "default" ? JSON.stringify(column.default) : t(column.required ? "yes" : "no")}
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </Stack>
  );
}
