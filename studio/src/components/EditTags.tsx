import { ActionIcon, Button, Group, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil, IconPlus, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { Tags } from "@/components/Tags";

interface Props {
  tags: Record<string, string>;
  save: (tags: Record<string, string>) => Promise<unknown>;
}

interface Line {
  id: number;
  key: string;
  value: string;
}

/** Tags, and how to change them where they stand. */
export function EditTags({ tags, save }: Props) {
  const { t } = useTranslation("job");
  const [isOpen, { open, close }] = useDisclosure();
  if (isOpen) return <Form tags={tags} save={save} onClose={close} />;
  return (
    <Group gap={4}>
      <Tags tags={tags} />
      <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t("edit.tags")}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Form({ tags, save, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation(["job", "common"]);
  const [lines, setLines] = useState<Line[]>(() =>
    Object.entries(tags).map(([key, value], id) => ({ id, key, value })),
  );
  const kept = Object.fromEntries(lines.filter(({ key }) => key.trim()).map(({ key, value }) => [key.trim(), value]));
  const work = useMutation({ mutationFn: () => save(kept), onSuccess: onClose });
  const change = (id: number, part: Partial<Line>) =>
    setLines((before) => before.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const add = () =>
    setLines((before) => [...before, { id: 1 + Math.max(-1, ...before.map(({ id }) => id)), key: "", value: "" }]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.mutate();
  };
  return (
    <Stack component="form" gap="xs" onSubmit={submit}>
      {lines.map((line) => (
        <TagLine
          key={line.id}
          line={line}
          onChange={(part) => change(line.id, part)}
          onRemove={() => setLines((before) => before.filter(({ id }) => id !== line.id))}
        />
      ))}
      {work.error && <ErrorBox error={work.error} />}
      <Group gap="xs">
        <Button variant="default" size="compact-xs" leftSection={<IconPlus size={12} aria-hidden />} onClick={add}>
          {t("edit.addTag")}
        </Button>
        <Button type="submit" size="compact-xs" loading={work.isPending}>
          {t("common:save")}
        </Button>
        <Button variant="default" size="compact-xs" onClick={onClose}>
          {t("common:cancel")}
        </Button>
      </Group>
    </Stack>
  );
}

interface LineProps {
  line: Line;
  onChange: (part: Partial<Line>) => void;
  onRemove: () => void;
}

function TagLine({ line, onChange, onRemove }: LineProps) {
  const { t } = useTranslation("job");
  return (
    <Group gap={4} wrap="nowrap">
      <TextInput
        size="xs"
        value={line.key}
        onChange={(event) => onChange({ key: event.currentTarget.value })}
        aria-label={t("edit.tagKey")}
      />
      <TextInput
        size="xs"
        value={line.value}
        onChange={(event) => onChange({ value: event.currentTarget.value })}
        aria-label={t("edit.tagValue")}
      />
      <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={t("edit.removeTag", { key: line.key })}>
        <IconX size={14} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
