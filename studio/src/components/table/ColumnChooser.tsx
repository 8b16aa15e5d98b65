import { Button, Checkbox, Popover, ScrollArea, Stack, TextInput } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Column, shownColumns } from "@/components/table/columns";

interface Props<T> {
  columns: Column<T>[];
  /** Ids with commas between, as in the address; empty: the usual ones. */
  chosen: string;
  onChoose: (chosen: string) => void;
}

/** Lets the person choose which columns a table shows. */
export function ColumnChooser<T>({ columns, chosen, onChoose }: Props<T>) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const shown = new Set(shownColumns(columns, chosen).map(({ id }) => id));
  const matching = columns.filter(({ header }) => header.toLowerCase().includes(search.toLowerCase()));
  const toggle = (id: string) => {
    const next = new Set(shown);
    if (!next.delete(id)) next.add(id);
    onChoose(
      columns
        .filter((column) => next.has(column.id))
        .map((column) => column.id)
        .join(","),
    );
  };
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Button variant="default" size="xs" leftSection={<IconColumns3 size={14} aria-hidden />}>
          {t("table.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <TextInput
            size="xs"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            placeholder={t("table.findColumn")}
            aria-label={t("table.findColumn")}
          />
          <ScrollArea.Autosize mah={320} type="auto">
            <Stack gap={8}>
              {matching.map((column) => (
                <Checkbox
                  key={column.id}
                  size="xs"
                  label={column.header}
                  checked={shown.has(column.id)}
                  disabled={column.fixed}
                  onChange={() => toggle(column.id)}
                />
              ))}
            </Stack>
          </ScrollArea.Autosize>
          <Button size="compact-xs" variant="subtle" onClick={() => onChoose("")}>
            {t("table.usual")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
