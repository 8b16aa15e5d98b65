import { ActionIcon, Button, Group, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil, IconPlus, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { Tags } from "@/components/Tags";
import { useEditing } from "@/pages/jobs/job/editing";
import type { Subject } from "@/pages/jobs/job/subject";

interface Line {
  id: number;
  key: string;
  value: string;
}

/** The tags, and how to change them. */
export function EditTags({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const [isOpen, { open, close }] = useDisclosure();
  const { tags } = useEditing(subject);
  if (isOpen) return <Form subject={subject} onClose={close} />;
  return (
    <Group gap={4}>
      <Tags tags={tags} />
      <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t("edit.tags")}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Form({ subject, onClose }: { subject: Subject; onClose: () => void }) {
  const { t } = useTranslation(["job", "common"]);
  const editing = useEditing(subject);
  const [lines, setLines] = useState<Line[]>(() =>
    Object.entries(editing.tags).map(([key, value], id) => ({ id, key, value })),
  );
  const kept = Object.fromEntries(lines.filter(({ key }) => key.trim()).map(({ key, value }) => [key.trim(), value]));
  const work = useMutation({ mutationFn: () => editing.setTags(kept), onSuccess: onClose });
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
        <Group key={line.id} gap={4} wrap="nowrap">
          <TextInput
            size="xs"
            value={line.key}
            onChange={(e) => change(line.id, { key: e.currentTarget.value })}
            aria-label={t("edit.tagKey")}
          />
          <TextInput
            size="xs"
            value={line.value}
            onChange={(e) => change(line.id, { value: e.currentTarget.value })}
            aria-label={t("edit.tagValue")}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={() => setLines((before) => before.filter(({ id }) => id !== line.id))}
            aria-label={t("edit.removeTag", { key: line.key })}
          >
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </Group>
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
