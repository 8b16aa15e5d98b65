import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { useEditing } from "@/pages/jobs/job/editing";
import type { Subject } from "@/pages/jobs/job/subject";

/** The name that is shown, and how to change it. */
export function Rename({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const [isOpen, { open, close }] = useDisclosure();
  const name = subject.job?.display_name || subject.run?.name || subject.name;
  if (isOpen) return <Form subject={subject} name={name} onClose={close} />;
  return (
    <Group gap={4} wrap="nowrap">
      <Text size="sm">{name}</Text>
      <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t("edit.rename")}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Form({ subject, name, onClose }: { subject: Subject; name: string; onClose: () => void }) {
  const { t } = useTranslation(["job", "common"]);
  const [text, setText] = useState(name);
  const editing = useEditing(subject);
  const work = useMutation({ mutationFn: () => editing.rename(text.trim()), onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.mutate();
  };
  return (
    <Stack component="form" gap="xs" onSubmit={submit}>
      <TextInput
        size="xs"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        aria-label={t("edit.rename")}
        autoFocus
      />
      {work.error && <ErrorBox error={work.error} />}
      <Group gap="xs">
        <Button type="submit" size="compact-xs" loading={work.isPending} disabled={!text.trim()}>
          {t("common:save")}
        </Button>
        <Button variant="default" size="compact-xs" onClick={onClose}>
          {t("common:cancel")}
        </Button>
      </Group>
    </Stack>
  );
}
