import { Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PipelinePort } from "@/api/pipelines";
import { Reference } from "@/pages/jobs/job/overview/Reference";

/** The inputs or outputs of a step: name, type, and what is in them. */
export function PortTable({ title, ports }: { title: string; ports: PipelinePort[] }) {
  const { t } = useTranslation(["pipelines", "common"]);
  if (ports.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={3} fz="sm">
        {title}
      </Title>
      <Table aria-label={title} fz="sm" layout="fixed" withTableBorder verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="35%">{t("common:name")}</Table.Th>
            <Table.Th>{t("graph.value")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ports.map((port) => (
            <Table.Tr key={port.name}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {port.name}
                {port.type && (
                  <Text size="xs" c="dimmed">
                    {port.type}
                  </Text>
                )}
              </Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {port.value === null ? "—" : <Reference to={port.value} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
