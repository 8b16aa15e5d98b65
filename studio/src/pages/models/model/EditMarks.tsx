import { Button, Group, Modal, Select, Stack, TagsInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { STAGES, useModelChanges } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";

interface Marked {
  version: string;
  aliases: string[];
  stage: string | null;
}

interface Props {
  model: { name: string; labels: Record<string, string> };
  version: Marked;
  onClose: () => void;
}

/** Changes the aliases and the stage of a version. */
export function EditMarks({ model, version, onClose }: Props) {
  const { t } = useTranslation(["models", "common"]);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("marks", { version: version.version })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form model={model} version={version} onClose={onClose} />
    </Modal>
  );
}

function Form({ model, version, onClose }: Props) {
  const { t } = useTranslation(["models", "common"]);
  const changes = useModelChanges(useWorkspace(), model.name);
  const [aliases, setAliases] = useState(version.aliases);
  const [stage, setStage] = useState(version.stage);
  const work = useMutation({
    mutationFn: async () => {
      await changes.setAliases(version.version, version.aliases, aliases);
      if (stage !== version.stage) await changes.changeVersion(version.version, { stage });
    },
    onSuccess: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.mutate();
  };
  const stages = [...new Set([...STAGES, ...(version.stage ? [version.stage] : [])])];
  return (
    <Stack component="form" onSubmit={submit}>
      <TagsInput
        label={t("aliases")}
        description={t("aliasesHint", { name: model.name })}
        data={Object.keys(model.labels)}
        value={aliases}
        onChange={setAliases}
        acceptValueOnBlur
      />
      <Select
        label={t("stage")}
        placeholder={t("noStage")}
        data={stages.map((value) => ({
          value,
          label: t(`stageNames.${value as "Production"}`, { defaultValue: value }),
        }))}
        value={stage}
        onChange={setStage}
        clearable
        clearButtonProps={{ "aria-label": t("noStage") }}
      />
      {work.error && <ErrorBox error={work.error} />}
      <Group justify="end">
        <Button variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button type="submit" loading={work.isPending}>
          {t("common:save")}
        </Button>
      </Group>
    </Stack>
  );
}
