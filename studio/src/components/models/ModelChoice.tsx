import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMeasured, useModels } from "@/api/models";
import { useWorkspace } from "@/lib/workspace";

/** A version of a model, as far as it is chosen. */
export interface Chosen {
  name: string;
  version: string;
  type: string;
}

/** Asks for a model and one of its versions; the newest is chosen at first. */
export function ModelChoice({ chosen, onChoose }: { chosen: Chosen | null; onChoose: (chosen: Chosen) => void }) {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text === chosen?.name ? "" : text, 200);
  const models = useModels(workspace, { text: asked, archived: "active", order: "-updated_at" });
  const found = models.data?.pages.flatMap((page) => page.value).filter(({ latest }) => latest !== null) ?? [];
  const choose = (name: string | null) => {
    const latest = found.find((model) => model.name === name)?.latest;
    if (latest) onChoose({ name: latest.name, version: latest.version, type: latest.type });
  };
  const names = new Set([...(chosen ? [chosen.name] : []), ...found.map(({ name }) => name)]);
  return (
    <>
      <Select
        label={t("deploy.model")}
        data={[...names]}
        value={chosen?.name ?? null}
        onChange={choose}
        searchValue={text}
        onSearchChange={setText}
        searchable
        required
      />
      {chosen && <VersionChoice chosen={chosen} onChoose={onChoose} />}
    </>
  );
}

function VersionChoice({ chosen, onChoose }: { chosen: Chosen; onChoose: (chosen: Chosen) => void }) {
  const { t } = useTranslation("models");
  const versions = useMeasured(useWorkspace(), chosen.name, "active");
  const found = versions.data?.pages.flatMap((page) => page.value) ?? [];
  const known = new Set([chosen.version, ...found.map(({ version }) => version)]);
  const choose = (version: string | null) => {
    const one = found.find((measured) => measured.version === version);
    if (one) onChoose({ name: chosen.name, version: one.version, type: one.type });
  };
  return (
    <Select
      label={t("deploy.modelVersion")}
      data={[...known]}
      value={chosen.version}
      onChange={choose}
      allowDeselect={false}
      searchable
    />
  );
}
