import { Anchor, ScrollArea, Table } from "@mantine/core";
import { IconArrowsDiff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MeasuredVersion } from "@/api/models";
import { formatNumber } from "@/lib/format";
import { path, useWorkspace } from "@/lib/workspace";
import type { Line, Part } from "@/pages/models/compare/differences";

interface Props {
  part: Part;
  versions: MeasuredVersion[];
  model: string;
}

/** A table with a column for each version; lines that differ are marked. */
export function SideBySide({ part, versions, model }: Props) {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const name = t(`compare.kind.${part.kind}`);
  return (
    <ScrollArea type="auto" offsetScrollbars="x" viewportProps={{ tabIndex: 0, role: "group", "aria-label": name }}>
      <Table withTableBorder striped layout="fixed" aria-label={name} miw={180 + 125 * versions.length}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={{ base: 180, sm: 260 }}>{t("compare.key")}</Table.Th>
            {versions.map(({ version }) => (
              <Table.Th key={version} ta={part.kind === "metrics" ? "right" : "left"}>
                <Anchor component={Link} to={path(workspace, "models", model, version)} fz="sm">
                  {t("version", { version })}
                </Anchor>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {part.lines.map((line) => (
            <LineRow key={line.key} line={line} versions={versions} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function LineRow({ line, versions }: { line: Line; versions: MeasuredVersion[] }) {
  const { t } = useTranslation("models");
  return (
    <Table.Tr fw={line.isDifferent ? 600 : undefined}>
      <Table.Th scope="row" fw="inherit">
        {line.isDifferent && <IconArrowsDiff size={13} aria-label={t("compare.differs")} role="img" />} {line.key}
      </Table.Th>
      {versions.map(({ version }, index) => {
        const number = line.numbers?.[index];
        const text = typeof number === "number" ? formatNumber(number) : line.values[index];
        return (
          <Table.Td key={version} className={line.numbers ? "number" : undefined} title={line.values[index] ?? ""}>
            {text ?? "—"}
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
}
