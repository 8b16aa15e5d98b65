import { Stack, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/components/table/columns";
import { DataTable } from "@/components/table/DataTable";
import type { Package } from "@/pages/environments/lock";

/** The packages of an environment, found by a part of their names. */
export function Packages({ packages }: { packages: Package[] }) {
  const { t } = useTranslation(["environments", "common"]);
  const [text, setText] = useState("");
  const found = packages.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const columns: Column<Package>[] = [
    { id: "name", header: t("common:name"), width: 240, cell: (row) => row.name },
    { id: "version", header: t("common:version"), width: 160, cell: (row) => row.version },
  ];
  return (
    <Stack gap="xs">
      <TextInput
        size="xs"
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t("findPackage")}
        aria-label={t("findPackage")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <DataTable
        label={t("packageList")}
        columns={columns}
        rows={found}
        rowKey={({ name }) => name}
        height={`${Math.min(360, 44 + 40 * Math.max(1, found.length))}px`}
      />
    </Stack>
  );
}
