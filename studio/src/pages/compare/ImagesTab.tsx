import { Card, ScrollArea, Stack, Table, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { RunRow } from "@/api/runs";
import ImageView from "@/components/files/ImageView";
import { Loading } from "@/components/Loading";
import { useWorkspace } from "@/lib/workspace";
import { contentListing, type FileAt, type FileSource } from "@/pages/compare/artifacts";
import { RunLink, Swatch } from "@/pages/compare/RunChips";

const MOST_RUNS = 12;
const MOST_PATHS = 20;

/** Images that runs kept under the same path, side by side. */
export function ImagesTab({ runs }: { runs: RunRow[] }) {
  const { t } = useTranslation("compare");
  const workspace = useWorkspace();
  const shown = runs.slice(0, MOST_RUNS);
  const listings = useQueries({ queries: shown.map((run) => contentListing(workspace, run.run_id)) });
  if (listings.some(({ isPending }) => isPending)) return <Loading />;
  const files = listings.map(({ data }) => data?.images ?? new Map<string, FileAt>());
  const paths = [...new Set(files.flatMap((found) => [...found.keys()]))].sort();
  if (paths.length === 0) return <Text c="dimmed">{t("noImages")}</Text>;
  return (
    <Stack>
      {(runs.length > MOST_RUNS || paths.length > MOST_PATHS) && (
        <Text size="sm" c="dimmed">
          {t("someImages", { runs: MOST_RUNS, paths: MOST_PATHS })}
        </Text>
      )}
      {paths.slice(0, MOST_PATHS).map((path) => (
        <section key={path} aria-label={path}>
          <Title order={2} fz="sm" mb="xs" style={{ overflowWrap: "anywhere" }}>
            {path}
          </Title>
          <Side
            runs={shown}
            images={listings.map(({ data }, index) => {
              const file = files[index]?.get(path);
              return data && file ? { source: data.source, file } : null;
            })}
          />
        </section>
      ))}
    </Stack>
  );
}

type Picture = { source: FileSource; file: FileAt } | null;

function Side({ runs, images }: { runs: RunRow[]; images: Picture[] }) {
  const { t } = useTranslation("compare");
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0 }}>
      <Table layout="auto" withRowBorders={false}>
        <Table.Tbody>
          <Table.Tr>
            {runs.map((run, index) => (
              <Table.Td key={run.run_id} miw={260} style={{ verticalAlign: "top" }}>
                <Card withBorder p="xs">
                  <Stack gap="xs">
                    <span>
                      <Swatch index={index} /> <RunLink run={run} />
                    </span>
                    {images[index] ? (
                      <ImageView source={images[index].source} file={images[index].file} />
                    ) : (
                      <Text size="sm" c="dimmed">
                        {t("noImage")}
                      </Text>
                    )}
                  </Stack>
                </Card>
              </Table.Td>
            ))}
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}
