import { Button, FileButton, Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconFolder } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DraftUpload } from "@/api/drafts";
import { ErrorBox } from "@/components/ErrorBox";
import { type Chosen, chosenFiles, upload as sendUp } from "@/lib/upload";

interface Props {
  workspace: string;
  uploads: DraftUpload[];
  /** Local path as written → address of what was sent for it. */
  sent: Record<string, string>;
  onSent: (text: string, address: string) => void;
}

/** Local paths of the document: the person shows where they are, and they are sent. */
export function Uploads({ workspace, uploads, sent, onSent }: Props) {
  const { t } = useTranslation("submit");
  if (uploads.length === 0) return null;
  return (
    <Stack gap="xs" component="section">
      <Title order={2}>{t("uploads.title")}</Title>
      <Text size="sm">{t("uploads.text")}</Text>
      {uploads.map((upload) => (
        <Upload
          key={upload.path.join("/")}
          workspace={workspace}
          upload={upload}
          address={sent[upload.text]}
          onSent={(address) => onSent(upload.text, address)}
        />
      ))}
    </Stack>
  );
}

interface OneProps {
  workspace: string;
  upload: DraftUpload;
  address: string | undefined;
  onSent: (address: string) => void;
}

function Upload({ workspace, upload, address, onSent }: OneProps) {
  const { t } = useTranslation("submit");
  const [share, setShare] = useState(0);
  const [count, setCount] = useState(0);
  const folder = useRef<HTMLInputElement>(null);
  const purpose = upload.role === "code" ? "code" : "data";
  const work = useMutation({
    mutationFn: async (chosen: Chosen) => {
      setCount(chosen.files.length);
      setShare(0);
      return sendUp(workspace, { ...chosen, purpose, onProgress: ({ part }) => setShare(part) });
    },
    onSuccess: onSent,
  });
  const take = async (files: File[]) => work.mutate(await chosenFiles(files));
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Text size="sm" fw={600}>
          {upload.path.join(".")}: {upload.text}
        </Text>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFolder size={14} aria-hidden />}
            onClick={() => folder.current?.click()}
            loading={work.isPending}
          >
            {t("uploads.folder")}
          </Button>
          <input
            ref={folder}
            type="file"
            hidden
            aria-label={t("uploads.folder")}
            {...{ webkitdirectory: "" }}
            onChange={(event) => void take([...(event.currentTarget.files ?? [])])}
          />
          <FileButton onChange={(file) => file && void take([file])}>
            {(button) => (
              <Button size="xs" variant="default" disabled={work.isPending} {...button}>
                {t("uploads.file")}
              </Button>
            )}
          </FileButton>
        </Group>
        {work.isPending && <Progress value={100 * share} aria-label={t("uploads.sending")} />}
        {work.error && <ErrorBox error={work.error} />}
        {address && (
          <Group gap={4} role="status">
            <IconCheck size={14} aria-hidden />
            <Text size="sm">{t("uploads.done", { count })}</Text>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
