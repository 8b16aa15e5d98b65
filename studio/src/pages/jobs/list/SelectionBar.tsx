import { Button, Group, Paper, Text } from "@mantine/core";
import { IconArchive, IconChartLine } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { actOnRun, type RunAction, type RunRow } from "@/api/runs";
import { ConfirmButton } from "@/components/ConfirmButton";
import { path, useWorkspace } from "@/lib/workspace";

const MOST_COMPARED = 100;
const AT_ONCE = 4;
const OVER = new Set(["Completed", "Failed", "Canceled"]);

/** What can be done with the rows that are selected; nothing stands here while none is. */
export function SelectionBar({ runs, onDone }: { runs: RunRow[]; onDone: () => void }) {
  const { t } = useTranslation(["jobs", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const act = useActOnAll(onDone);
  if (runs.length === 0) return null;
  const going = runs.filter((run) => !OVER.has(run.status));
  const compared = runs.map((run) => run.run_id).join(",");
  const areArchived = runs.every((run) => run.archived);
  const filing: RunAction = areArchived ? "restore" : "archive";
  return (
    <Paper withBorder shadow="md" p="xs" mt="xs" style={{ position: "sticky", bottom: 8, zIndex: 3 }}>
      <Group gap="xs">
        <Text size="sm" role="status">
          {t("selected", { count: runs.length })}
        </Text>
        <Button
          size="xs"
          leftSection={<IconChartLine size={14} aria-hidden />}
          disabled={runs.length > MOST_COMPARED}
          onClick={() => void navigate(`${path(workspace, "compare")}?runs=${compared}`)}
        >
          {t("compare")}
        </Button>
        {going.length > 0 && (
          <ConfirmButton
            label={t("cancelJobs", { count: going.length })}
            question={t("cancelQuestion", { count: going.length })}
            act={() => act(going, "cancel")}
          />
        )}
        <ConfirmButton
          label={t(`common:${filing}`)}
          question={t(`${filing}Question`, { count: runs.length })}
          leftSection={<IconArchive size={14} aria-hidden />}
          act={() => act(runs, filing)}
          isHarmless
        />
        <Button size="xs" variant="subtle" onClick={onDone}>
          {t("unselect")}
        </Button>
      </Group>
    </Paper>
  );
}

/** Gives what does something to several runs, a few at once, and then looks again. */
function useActOnAll(onDone: () => void) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  return async (runs: RunRow[], action: RunAction) => {
    const waiting = [...runs];
    const work = async () => {
      for (let run = waiting.shift(); run; run = waiting.shift()) await actOnRun(workspace, run, action);
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      onDone();
    } finally {
      for (const what of ["run-table", "run-count"]) void queries.invalidateQueries({ queryKey: [workspace, what] });
    }
  };
}
