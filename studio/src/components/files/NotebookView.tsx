import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { bytesQuery } from "@/api/files";
import { StaticCode } from "@/components/code/StaticCode";
import { ErrorBox } from "@/components/ErrorBox";
import classes from "@/components/files/files.module.css";
import { type Cell, type Output, readNotebook } from "@/components/files/notebook";
import type { ViewProps } from "@/components/files/Preview";
import { Loading } from "@/components/Loading";
import { Markdown } from "@/components/Markdown";

const LARGEST = 32 << 20;

/** A notebook's cells and outputs; outputs in HTML are not shown, for they could run. */
export default function NotebookView({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  const size = file.size ?? 0;
  const bytes = useQuery({ ...bytesQuery(source, file, 0, size), enabled: size <= LARGEST });
  const book = useMemo(() => (bytes.data ? attempt(bytes.data.data) : null), [bytes.data]);
  if (size > LARGEST) return <Text c="dimmed">{t("tooLarge")}</Text>;
  if (bytes.error) return <ErrorBox error={bytes.error} retry={() => void bytes.refetch()} />;
  if (!book) return <Loading />;
  if ("fault" in book) return <ErrorBox error={new Error(t("noNotebook", { reason: book.fault }))} />;
  return (
    <Stack gap="md">
      {book.cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells of a file have no other name, and do not move
        <CellView key={index} cell={cell} language={book.language} />
      ))}
    </Stack>
  );
}

function attempt(data: Uint8Array): ReturnType<typeof readNotebook> | { fault: string } {
  try {
    return readNotebook(new TextDecoder().decode(data));
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function CellView({ cell, language }: { cell: Cell; language: string }) {
  const { t } = useTranslation("files");
  return (
    <div className={classes.cell} data-kind={cell.kind}>
      {cell.kind === "code" && (
        <Text size="xs" c="dimmed">
          {t("cell", { count: cell.count ?? 0, context: cell.count === null ? "new" : undefined })}
        </Text>
      )}
      {cell.kind === "markdown" ? (
        <Markdown text={cell.source} />
      ) : (
        <StaticCode text={cell.source} name={cell.kind === "code" && language === "python" ? "cell.py" : "cell.txt"} />
      )}
      {cell.outputs.map((output, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <OutputView key={index} output={output} />
      ))}
    </div>
  );
}

function OutputView({ output }: { output: Output }) {
  const { t } = useTranslation("files");
  if (output.kind === "markdown") return <Markdown text={output.text} />;
  if (output.kind === "image") return <img className={classes.image} src={output.address} alt={t("outputImage")} />;
  return (
    <>
      {output.kind === "withheld" && (
        <Text size="xs" c="dimmed">
          {t("withheld", { what: output.what })}
        </Text>
      )}
      {output.text && (
        <pre className={`${classes.output} ${output.kind === "error" ? classes.fault : ""}`}>{output.text}</pre>
      )}
    </>
  );
}
