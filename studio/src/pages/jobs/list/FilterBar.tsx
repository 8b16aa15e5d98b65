import { Button, Group, MultiSelect, Select, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ApiError } from "@/api/errors";
import { type RunRow, useExperiments } from "@/api/runs";
import { ColumnChooser } from "@/components/table/ColumnChooser";
import type { Column } from "@/components/table/columns";
import { useWorkspace } from "@/lib/workspace";
import { FilterBox } from "@/pages/jobs/list/FilterBox";
import { SavedViews } from "@/pages/jobs/list/SavedViews";
import { STATES, type TableState, TYPES } from "@/pages/jobs/list/state";

interface Props {
  state: TableState;
  columns: Column<RunRow>[];
  /** What is wrong with the filter's text. */
  fault: ApiError | null;
  total: number | undefined;
}

/** Everything that decides which rows the table shows. */
export function FilterBar({ state, columns, fault, total }: Props) {
  const { t } = useTranslation(["jobs", "common", "status"]);
  return (
    <>
      <Group align="start" gap="xs" mb="xs">
        <FilterBox value={state.filter.filter} onChange={(text) => state.set("filter", text)} fault={fault} />
        <SavedViews state={state} />
        <ColumnChooser columns={columns} chosen={state.columns} onChoose={(chosen) => state.set("columns", chosen)} />
      </Group>
      <Group gap="xs" mb="xs">
        <Many
          label={t("common:status")}
          data={STATES.map((value) => ({ value, label: t(`status:${value}`) }))}
          value={state.filter.statuses}
          onChange={(values) => state.set("status", values)}
        />
        <Many
          label={t("common:type")}
          data={TYPES.map((value) => ({ value, label: t(`types.${value}`) }))}
          value={state.filter.types}
          onChange={(values) => state.set("type", values)}
        />
        <ExperimentSelect state={state} />
        <Switch
          size="xs"
          label={t("children")}
          checked={!state.filter.top_level}
          onChange={(event) => state.set("children", event.currentTarget.checked ? "yes" : "")}
        />
        <Switch
          size="xs"
          label={t("archived")}
          checked={state.filter.view === "archived"}
          onChange={(event) => state.set("view", event.currentTarget.checked ? "archived" : "")}
        />
        {state.search !== "" && (
          <Button size="compact-xs" variant="subtle" onClick={() => state.show("")}>
            {t("clear")}
          </Button>
        )}
        {total !== undefined && (
          <Text size="sm" c="dimmed" ml="auto" role="status">
            {t("found", { count: total })}
          </Text>
        )}
      </Group>
    </>
  );
}

interface ManyProps {
  label: string;
  data: { value: string; label: string }[];
  value: string[];
  onChange: (values: string) => void;
}

function Many({ label, data, value, onChange }: ManyProps) {
  return (
    <MultiSelect
      size="xs"
      w={{ base: "calc(50% - 5px)", xs: 200 }}
      data={data}
      value={value}
      onChange={(values) => onChange(values.join(","))}
      placeholder={value.length === 0 ? label : undefined}
      aria-label={label}
      clearable
    />
  );
}

function ExperimentSelect({ state }: { state: TableState }) {
  const { t } = useTranslation("jobs");
  const experiments = useExperiments(useWorkspace());
  return (
    <Select
      size="xs"
      w={{ base: "calc(50% - 5px)", xs: 200 }}
      data={(experiments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={state.filter.experiments[0] ?? null}
      onChange={(id) => state.set("experiment", id ?? "")}
      placeholder={t("experiment")}
      aria-label={t("experiment")}
      searchable
      clearable
    />
  );
}
