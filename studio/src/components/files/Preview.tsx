import { Button, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { contentAddress, type FileAt, type FileSource } from "@/api/files";
import { type FileKind, hasSource, kindOf } from "@/components/files/kinds";
import { Loading } from "@/components/Loading";
import { Bytes, DateTime } from "@/components/times";

/** What every view of a file takes. */
export interface ViewProps {
  source: FileSource;
  file: FileAt;
}

const TextView = lazy(() => import("@/components/files/TextView"));
const DocumentView = lazy(() => import("@/components/files/DocumentView"));
const ImageView = lazy(() => import("@/components/files/ImageView"));

const VIEWS: Record<FileKind, React.LazyExoticComponent<React.ComponentType<ViewProps>>> = {
  image: ImageView,
  svg: ImageView,
  table: lazy(() => import("@/components/files/TableView")),
  notebook: lazy(() => import("@/components/files/NotebookView")),
  markdown: lazy(() => import("@/components/files/MarkdownView")),
  html: DocumentView,
  pdf: DocumentView,
  text: TextView,
  unknown: TextView,
};

interface Props {
  source: FileSource;
  /** Null: nothing is chosen, or it is not there. */
  file: FileAt | null;
  isGone?: boolean;
}

/** A file as people read it, with its size, its date and a way to keep it. */
export function Preview({ source, file, isGone = false }: Props) {
  const { t } = useTranslation("files");
  if (!file) return <Text c="dimmed">{t(isGone ? "gone" : "choose")}</Text>;
  return <Shown key={file.path} source={source} file={file} />;
}

function Shown({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  const [mode, setMode] = useState("view");
  const kind = kindOf(file.name);
  const View = mode === "source" ? TextView : VIEWS[kind];
  const choices = [
    { value: "view", label: t("preview") },
    { value: "source", label: t("source") },
  ];
  return (
    <Stack gap="sm" miw={0}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h3" style={{ minWidth: 0 }}>
          {file.name}
        </Title>
        <Group gap="xs">
          {!file.is_folder && hasSource(kind, file.name) && (
            <SegmentedControl size="xs" aria-label={t("mode")} value={mode} onChange={setMode} data={choices} />
          )}
          <Download source={source} file={file} />
        </Group>
      </Group>
      <Group gap="md" c="dimmed" fz="sm">
        {file.size !== null && <Bytes value={file.size} />}
        {file.modified_at && <DateTime at={file.modified_at} />}
      </Group>
      {file.is_folder ? (
        <Text c="dimmed">{t("folder")}</Text>
      ) : (
        <Suspense fallback={<Loading />}>
          <View source={source} file={file} />
        </Suspense>
      )}
    </Stack>
  );
}

function Download({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  return (
    <Button
      component="a"
      href={contentAddress(source, file.is_folder ? "archive" : "file", file.path)}
      download
      size="xs"
      variant="default"
      leftSection={<IconDownload size={14} aria-hidden />}
    >
      {t(file.is_folder ? "downloadFolder" : "download")}
    </Button>
  );
}
