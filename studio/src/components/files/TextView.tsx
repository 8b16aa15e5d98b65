import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Bytes, bytesQuery, type FileAt } from "@/api/files";
import { CodeEditor } from "@/components/code/CodeEditor";
import { ErrorBox } from "@/components/ErrorBox";
import { HexView } from "@/components/files/HexView";
import { cutAtLine, isBinary } from "@/components/files/kinds";
import type { ViewProps } from "@/components/files/Preview";
import { Loading } from "@/components/Loading";
import { formatBytes } from "@/lib/format";

const WHOLE = 1 << 20;
const PART = 512 << 10;

/** A text with the colours of its language; a long one in parts, which are fetched as they are turned to. */
export default function TextView({ source, file }: ViewProps) {
  const size = file.size ?? 0;
  const step = size <= WHOLE ? WHOLE : PART;
  const [starts, setStarts] = useState([0]);
  const start = starts.at(-1) ?? 0;
  const bytes = useQuery(bytesQuery(source, file, start, Math.min(size, start + step)));
  const { text, end } = useMemo(() => readPart(bytes.data, size), [bytes.data, size]);
  if (bytes.isPending) return <Loading />;
  if (bytes.error) return <ErrorBox error={bytes.error} retry={() => void bytes.refetch()} />;
  if (isBinary(bytes.data.data)) return <HexView data={bytes.data.data} />;
  return (
    <Stack gap="xs">
      {size > step && (
        <Pager
          file={file}
          span={[start, end]}
          onBack={() => setStarts(starts.slice(0, -1))}
          onNext={() => setStarts([...starts, end])}
          onFirst={() => setStarts([0])}
          onLast={() => setStarts([0, size - PART])}
        />
      )}
      <CodeEditor value={text} name={file.name} label={file.name} height={size > 20_000 ? "65vh" : undefined} />
    </Stack>
  );
}

/** Reads a part as text and says where it ends: after a line, so that the next part begins with one. */
function readPart(bytes: Bytes | undefined, size: number): { text: string; end: number } {
  if (!bytes) return { text: "", end: 0 };
  const { data, start } = bytes;
  const length = start + data.length >= size ? data.length : cutAtLine(data);
  return { text: new TextDecoder().decode(data.subarray(0, length)), end: start + length };
}

interface PagerProps {
  file: FileAt;
  span: [number, number];
  onFirst: () => void;
  onBack: () => void;
  onNext: () => void;
  onLast: () => void;
}

function Pager({ file, span: [start, end], onFirst, onBack, onNext, onLast }: PagerProps) {
  const { t, i18n } = useTranslation("files");
  const size = file.size ?? 0;
  const write = (bytes: number) => formatBytes(bytes, i18n.language);
  const atEnd = end >= size;
  return (
    <Group gap="xs">
      <Button size="compact-sm" variant="default" disabled={start === 0} onClick={onFirst}>
        {t("first")}
      </Button>
      <Button size="compact-sm" variant="default" disabled={start === 0} onClick={onBack}>
        {t("back")}
      </Button>
      <Button size="compact-sm" variant="default" disabled={atEnd} onClick={onNext}>
        {t("next")}
      </Button>
      <Button size="compact-sm" variant="default" disabled={atEnd} onClick={onLast}>
        {t("last")}
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {t("span", { from: write(start), to: write(end), size: write(size) })}
      </Text>
    </Group>
  );
}
