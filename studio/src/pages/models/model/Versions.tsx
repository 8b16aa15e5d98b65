import { Button, Group, Switch } from "@mantine/core";
import { IconArrowsDiff, IconBox } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type MeasuredVersion, type Model, useDeployed, useMeasured } from "@/api/models";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { ColumnChooser } from "@/components/table/ColumnChooser";
import { shownColumns } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { MOST_COMPARED } from "@/pages/models/compare/choice";
import { EditMarks } from "@/pages/models/model/EditMarks";
import { useVersionColumns } from "@/pages/models/model/version-columns";

/** The versions of a model, newest first, with the metrics of the runs that made them. */
export function Versions({ model }: { model: Model }) {
  const { t } = useTranslation("models");
  const [withArchived, setWithArchived] = useAddressState("archived", "");
  const versions = useMeasured(useWorkspace(), model.name, withArchived || model.archived ? "all" : "active");
  const rows = useMemo(() => versions.data?.pages.flatMap((page) => page.value) ?? [], [versions.data]);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [edited, edit] = useState<MeasuredVersion | null>(null);
  const [chosen, choose] = useAddressState("columns", "");
  const deployed = useDeployed(useWorkspace(), model.name).data ?? [];
  const columns = useVersionColumns(model, rows, deployed, edit);
  if (versions.isPending) return <Loading />;
  if (versions.error) return <ErrorBox error={versions.error} retry={() => void versions.refetch()} />;
  return (
    <>
      <Group mb="sm" gap="sm" justify="space-between">
        <Switch
          size="xs"
          label={t("withArchived")}
          checked={withArchived !== ""}
          onChange={(event) => setWithArchived(event.currentTarget.checked ? "all" : "")}
        />
        <Group gap="xs">
          <CompareButton selected={selected} />
          <ColumnChooser columns={columns} chosen={chosen} onChoose={choose} />
        </Group>
      </Group>
      <DataTable
        label={t("versionsOf", { name: model.name })}
        columns={shownColumns(columns, chosen)}
        rows={rows}
        rowKey={(row) => row.version}
        rowLabel={(row) => t("version", { version: row.version })}
        total={versions.hasNextPage ? undefined : rows.length}
        selected={selected}
        onSelect={select}
        onEnd={() => versions.hasNextPage && !versions.isFetchingNextPage && void versions.fetchNextPage()}
        empty={<NoVersions name={model.name} />}
      />
      {edited && <EditMarks model={model} version={edited} onClose={() => edit(null)} />}
    </>
  );
}

function CompareButton({ selected }: { selected: ReadonlySet<string> }) {
  const { t } = useTranslation("models");
  const [, setParams] = useSearchParams();
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowsDiff size={14} aria-hidden />}
      disabled={selected.size < 2 || selected.size > MOST_COMPARED}
      onClick={() => setParams({ tab: "compare", versions: [...selected].join(",") })}
    >
      {selected.size === 0 ? t("compareSome") : t("compareChosen", { count: selected.size })}
    </Button>
  );
}

function NoVersions({ name }: { name: string }) {
  const { t } = useTranslation("models");
  const command = `lapis model create -n ${name} -p azureml://jobs/<job>/outputs/model`;
  return <EmptyState icon={IconBox} title={t("noVersions")} text={t("noVersionsText")} command={command} />;
}
