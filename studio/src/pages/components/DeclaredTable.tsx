import { Badge, Code, Stack, Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Declared } from "@/api/components";

interface Props {
  title: string;
  /** What stands there when there are none. */
  none: string;
  declared: Record<string, Declared> | undefined;
  /** Inputs have defaults and limits; outputs have none. */
  hasDefaults?: boolean;
}

/** Inputs or outputs as a component declares them. */
export function DeclaredTable({ title, none, declared, hasDefaults = false }: Props) {
  const { t } = useTranslation(["components", "common"]);
  const rows = Object.entries(declared ?? {});
  return (
    <Stack gap="xs">
      <Title order={2}>{title}</Title>
      {rows.length === 0 ? (
        <Text c="dimmed">{none}</Text>
      ) : (
        <Table.ScrollContainer minWidth={420}>
          <Table aria-label={title} withTableBorder>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("common:name")}</Table.Th>
                <Table.Th>{t("common:type")}</Table.Th>
                {hasDefaults && <Table.Th>{t("default")}</Table.Th>}
                <Table.Th>{t("common:description")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(([name, one]) => (
                <Table.Tr key={name}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td>{one?.type ?? "—"}</Table.Td>
                  {hasDefaults && (
                    <Table.Td>
                      <Default declared={one ?? {}} />
                    </Table.Td>
                  )}
                  <Table.Td>{one?.description}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}

function Default({ declared }: { declared: Declared }) {
  const { t } = useTranslation("components");
  const { default: value, optional, enum: allowed, min, max } = declared;
  const limits = allowed ? allowed.map(String).join(", ") : range(min, max);
  return (
    <Stack gap={4} align="start">
      {value !== undefined && value !== null ? (
        <Code>{typeof value === "object" ? JSON.stringify(value) : String(value)}</Code>
      ) : (
        <Badge variant="default" tt="none">
          {optional ? t("optional") : t("required")}
        </Badge>
      )}
      {limits && (
        <Text size="xs" c="dimmed">
          {t("allowed")}: {limits}
        </Text>
      )}
    </Stack>
  );
}

function range(min: unknown, max: unknown): string {
  if (min === undefined && max === undefined) return "";
  return `${min ?? "−∞"} … ${max ?? "∞"}`;
}
