import { ActionIcon, Button, Group, Stack, TextInput } from "@mantine/core";
import { IconPencil, IconPlus, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { Tags } from "@/components/Tags";
import { useInPlace } from "@/components/use-in-place";
import { type TagChanges, tagChanges } from "@/lib/tags";

interface Props {
  tags: Record<string, string>;
  /** Gets what was changed alone: what somebody else changes meanwhile stays. */
  save: (changes: TagChanges) => Promise<unknown>;
}

interface Line {
  id: number;
  key: string;
  value: string;
}

/** Tags, and how to change them where they stand. */
export function EditTags({ tags, save }: Props) {
  const { t } = useTranslation("job");
  const { isOpen, open, close, opener } = useInPlace();
  if (isOpen) return <Form tags={tags} save={save} onClose={close} />;
  return (
    <Group gap={4}>
      <Tags tags={tags} />
      <ActionIcon ref={opener} variant="subtle" color="gray" onClick={open} aria-label={t("edit.tags")}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Form({ tags, save, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation(["job", "common"]);
  const [before] = useState(tags);
  const [lines, setLines] = useState<Line[]>(() => {
    const there = Object.entries(tags).map(([key, value], id) => ({ id, key, value }));
    return there.length > 0 ? there : [{ id: 0, key: "", value: "" }];
  });
  const keys = lines.map(({ key }) => key.trim());
  const kept = Object.fromEntries(lines.map(({ value }, at) => [keys[at], value]).filter(([key]) => key));
  const work = useMutation({ mutationFn: () => save(tagChanges(before, kept)), onSuccess: onClose });
  const change = (id: number, part: Partial<Line>) =>
    setLines((now) => now.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const add = () =>
    setLines((now) => [...now, { id: 1 + Math.max(-1, ...now.map(({ id }) => id)), key: "", value: "" }]);
  const isTwice = (line: Line) => line.key.trim() !== "" && keys.filter((key) => key === line.key.trim()).length > 1;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!lines.some(isTwice)) work.mutate();
  };
  return (
    <Stack component="form" gap="xs" onSubmit={submit}>
      {lines.map((line) => (
        <TagLine
          key={line.id}
          line={line}
          isTwice={isTwice(line)}
          onChange={(part) => change(line.id, part)}
          onRemove={() => setLines((now) => now.filter(({ id }) => id !== line.id))}
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
  isTwice: boolean;
  onChange: (part: Partial<Line>) => void;
  onRemove: () => void;
}

function TagLine({ line, isTwice, onChange, onRemove }: LineProps) {
  const { t } = useTranslation("job");
  const [isNew] = useState(line.key === "");
  return (
    <Group gap={4} wrap="nowrap" align="start">
      <TextInput
        size="xs"
        value={line.key}
        onChange={(event) => onChange({ key: event.currentTarget.value })}
        aria-label={t("edit.tagKey")}
        error={isTwice && t("edit.twice")}
        maxLength={255}
        autoFocus={isNew}
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
