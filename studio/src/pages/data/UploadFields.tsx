import { Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { IconFile, IconFolder } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/lib/format";
import { type Chosen, chosenFiles, type UploadProgress } from "@/lib/upload";

/** Every browser knows it; React's types don't. */
const WHOLE_FOLDER: object = { webkitdirectory: "" };

interface Props {
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
  progress: UploadProgress | null;
}

/** Chooses a file or a folder, and shows how far its upload is. */
export function UploadFields({ chosen, onChoose, progress }: Props) {
  const { t, i18n } = useTranslation("data");
  const size = chosen.files.reduce((sum, { file }) => sum + file.size, 0);
  const take = async (files: File[]) => onChoose(await chosenFiles(files));
  const summary = { count: chosen.files.length, size: formatBytes(size, i18n.language) };
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <FileButton
          onChange={(file) => file && void take([file])}
          inputProps={{ "aria-label": t("new.file"), tabIndex: -1 }}
        >
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFile size={16} aria-hidden />}>
              {t("new.chooseFile")}
            </Button>
          )}
        </FileButton>
        <FileButton
          multiple
          onChange={(files) => void take(files)}
          inputProps={{ ...WHOLE_FOLDER, "aria-label": t("new.folder"), tabIndex: -1 }}
        >
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFolder size={16} aria-hidden />}>
              {t("new.chooseFolder")}
            </Button>
          )}
        </FileButton>
      </Group>
      {chosen.files.length > 0 && (
        <Text size="sm">
          {chosen.basename} · {t("new.chosen", summary)}
        </Text>
      )}
      {progress && (
        <div>
          <Text size="xs" role="status">
            {t(`new.${progress.phase}`)}
          </Text>
          <Progress value={100 * progress.part} aria-label={t(`new.${progress.phase}`)} />
        </div>
      )}
    </Stack>
  );
}
