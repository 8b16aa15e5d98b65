import { ActionIcon, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";
import { useInPlace } from "@/components/use-in-place";

const Markdown = lazy(() => import("@/components/Markdown").then((module) => ({ default: module.Markdown })));

interface Props {
  text: string;
  save: (text: string) => Promise<unknown>;
}

/** A description in Markdown, and how to change it where it stands. */
export function EditDescription({ text, save }: Props) {
  const { t } = useTranslation("job");
  const { isOpen, open, close, opener } = useInPlace();
  if (isOpen) return <Form text={text} save={save} onClose={close} />;
  return (
    <Group gap="xs" align={text ? "start" : "center"} wrap="nowrap">
      {text ? (
        <Suspense fallback={<Text size="sm">{text}</Text>}>
          <Markdown text={text} />
        </Suspense>
      ) : (
        <Text size="sm" c="dimmed">
          {t("edit.noDescription")}
        </Text>
      )}
      <ActionIcon ref={opener} variant="subtle" color="gray" onClick={open} aria-label={t("edit.describe")}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Form({ text, save, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation(["job", "common"]);
  const [draft, setDraft] = useState(text);
  const work = useMutation({ mutationFn: () => save(draft), onSuccess: onClose });
  return (
    <Stack gap="xs" maw={820}>
      <Textarea
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        aria-label={t("edit.describe")}
        autosize
        minRows={3}
        maxRows={16}
        autoFocus
      />
      {work.error && <ErrorBox error={work.error} />}
      <Group gap="xs">
        <Button size="compact-sm" loading={work.isPending} onClick={() => work.mutate()}>
          {t("common:save")}
        </Button>
        <Button variant="default" size="compact-sm" onClick={onClose}>
          {t("common:cancel")}
        </Button>
      </Group>
    </Stack>
  );
}
