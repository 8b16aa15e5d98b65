import { Anchor, Image, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fetchRaw } from "@/api/client";
import { itemKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import { path } from "@/lib/workspace";
import type { Subject } from "@/pages/jobs/job/subject";

interface File {
  path: string;
  size: number;
}

const TYPES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  svg: "image/svg+xml",
};
const MOST = 24;
const LARGEST = 20_000_000;

/** The images among a job's artifacts: figures that its code logged. */
export function Images({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const { workspace, name, job } = subject;
  const uri = job ? `azureml://jobs/${name}/outputs/artifacts` : `runs:/${name}/`;
  const files = useQuery({
    queryKey: itemKey(workspace, job ? "jobs" : "runs", name, "images"),
    queryFn: () => read<{ value: File[] }>(`${nativeAddress(workspace, "content")}?uri=${encodeURIComponent(uri)}`),
    retry: false,
    enabled: job === null || (job.type !== "pipeline" && job.start_time !== null), // others keep no artifacts
  });
  const images = (files.data?.value ?? []).filter((file) => typeOf(file.path) && file.size <= LARGEST);
  if (images.length === 0) return null;
  return (
    <Stack gap="xs" component="section">
      <Title order={2}>{t("metrics.images")}</Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3, xl: 4 }}>
        {images.slice(0, MOST).map((file) => (
          <Paper key={file.path} withBorder p="xs">
            <Picture workspace={workspace} uri={uri} file={file} />
          </Paper>
        ))}
      </SimpleGrid>
      {images.length > MOST && (
        <Anchor component={Link} to={`${path(workspace, "jobs", name)}?tab=outputs`} fz="sm">
          {t("metrics.moreImages", { count: images.length - MOST })}
        </Anchor>
      )}
    </Stack>
  );
}

/** An image of an artifact: fetched, and shown as what its name says, never as a document. */
function Picture({ workspace, uri, file }: { workspace: string; uri: string; file: File }) {
  const [url, setUrl] = useState<string>();
  const query = new URLSearchParams({ uri, path: file.path });
  const bytes = useQuery({
    queryKey: [workspace, "image", uri, file.path, file.size],
    queryFn: async () => (await fetchRaw(`${nativeAddress(workspace, "content", "file")}?${query}`)).blob(),
  });
  useEffect(() => {
    if (!bytes.data) return;
    const made = URL.createObjectURL(new Blob([bytes.data], { type: typeOf(file.path) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes.data, file.path]);
  return (
    <Stack gap={4}>
      <Image src={url} alt={file.path} h={200} fit="contain" bg="white" />
      <Text size="xs">{file.path}</Text>
    </Stack>
  );
}

function typeOf(name: string): string | undefined {
  return TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()];
}
