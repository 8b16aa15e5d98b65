import { useQuery } from "@tanstack/react-query";
import { bytesQuery } from "@/api/files";
import { ErrorBox } from "@/components/ErrorBox";
import type { ViewProps } from "@/components/files/Preview";
import { Loading } from "@/components/Loading";
import { Markdown } from "@/components/Markdown";

const LARGEST = 1 << 20;

/** Markdown as it is meant to be read; only the beginning of a very long one. */
export default function MarkdownView({ source, file }: ViewProps) {
  const bytes = useQuery(bytesQuery(source, file, 0, Math.min(file.size ?? 0, LARGEST)));
  if (bytes.isPending) return <Loading />;
  if (bytes.error) return <ErrorBox error={bytes.error} retry={() => void bytes.refetch()} />;
  return <Markdown text={new TextDecoder().decode(bytes.data.data)} />;
}
