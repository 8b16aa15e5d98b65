import { Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Address {
  path: string;
  type: string;
}

const TYPES = ["uri_file", "uri_folder", "mltable"] as const;

/** Where content lies, and whether it is a file, a folder or a table. */
export function AddressFields({ address, onChange }: { address: Address; onChange: (address: Address) => void }) {
  const { t } = useTranslation("data");
  return (
    <>
      <TextInput
        required
        label={t("new.address")}
        description={t("new.addressHelp")}
        value={address.path}
        onChange={(event) => onChange({ ...address, path: event.currentTarget.value })}
      />
      <Select
        label={t("new.type")}
        value={address.type}
        allowDeselect={false}
        onChange={(type) => onChange({ ...address, type: type ?? "uri_file" })}
        data={TYPES.map((value) => ({ value, label: t(`type.${value}`) }))}
      />
    </>
  );
}
