import { ActionIcon, Alert, Group, Progress, Select, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { IconDownload, IconFileText, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isOver, jobAddress, useJobLogs } from "@/api/jobs";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { formatBytes } from "@/lib/format";
import { FindBar } from "@/pages/jobs/job/log/FindBar";
import { type LogHandle, LogView } from "@/pages/jobs/job/log/LogView";
import { useFinding } from "@/pages/jobs/job/log/useFinding";
import { useLog } from "@/pages/jobs/job/log/useLog";
import type { Subject } from "@/pages/jobs/job/subject";

const USUAL = "user_logs/std_log.txt";

/** The logs of a job: chosen by file, followed as they grow, searched, downloaded. */
export default function LogTab({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const { workspace, name, job } = subject;
  const files = useJobLogs(workspace, name);
  const [chosen, choose] = useAddressState("file", USUAL);
  if (files.isPending) return <Loading />;
  if (files.error) return <ErrorBox error={files.error} retry={() => void files.refetch()} />;
  const paths = files.data.map((file) => file.path);
  if (paths.length === 0) {
    const ended = job !== null && isOver(job);
    const text = ended ? t("log.noneEver") : `${job?.status_reason ?? ""} ${t("log.noneYet")}`;
    return <EmptyState icon={IconFileText} title={t("log.none")} text={text} />;
  }
  const path = paths.includes(chosen) ? chosen : (paths[0] ?? USUAL);
  const sizes = new Map(files.data.map((file) => [file.path, file.size]));
  return (
    <Whole
      key={path}
      subject={subject}
      path={path}
      sizes={sizes}
      choose={choose}
      refresh={() => void files.refetch()}
    />
  );
}

interface Props {
  subject: Subject;
  path: string;
  sizes: Map<string, number>;
  choose: (path: string) => void;
  refresh: () => void;
}

function Whole({ subject, path, sizes, choose, refresh }: Props) {
  const { t, i18n } = useTranslation("job");
  const { workspace, name, job } = subject;
  const { log, state } = useLog(workspace, name, path);
  const [isFollowing, setFollowing] = useState(job !== null && !isOver(job));
  const [text, setText] = useAddressState("find", "");
  const [matchCase, setMatchCase] = useState(false);
  const handle = useRef<LogHandle>(null);
  const finding = useFinding(log.address, path, text, matchCase, () => handle.current?.first() ?? 0);
  const current = finding.at >= 0 ? (finding.lines[finding.at] ?? null) : null;
  useEffect(() => {
    if (current !== null) handle.current?.show(current);
  }, [current]);
  const href = `${jobAddress(workspace, name, "logs", "download")}?path=${encodeURIComponent(path)}`;
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Select
          size="xs"
          aria-label={t("log.file")}
          data={[...sizes.entries()].map(([value, size]) => ({
            value,
            label: `${value} · ${formatBytes(size, i18n.language)}`,
          }))}
          value={path}
          onChange={(value) => value && choose(value)}
          onDropdownOpen={refresh}
          allowDeselect={false}
          w={290}
        />
        <FindBar text={text} setText={setText} matchCase={matchCase} setMatchCase={setMatchCase} finding={finding} />
        <Tooltip label={t("log.following")}>
          <Switch
            size="sm"
            label={t("log.follow")}
            checked={isFollowing}
            onChange={(event) => setFollowing(event.currentTarget.checked)}
          />
        </Tooltip>
        <ActionIcon component="a" href={href} download variant="default" size={30} aria-label={t("log.download")}>
          <IconDownload size={16} aria-hidden />
        </ActionIcon>
      </Group>
      {state.isLost && (
        <Alert color="orange" icon={<IconPlugConnectedX aria-hidden />} role="status">
          {t("log.lost")}
        </Alert>
      )}
      {state.counted < 1 && (
        <Progress
          value={100 * state.counted}
          aria-label={t("log.reading", { percent: Math.floor(100 * state.counted) })}
        />
      )}
      <LogView
        log={log}
        state={state}
        isFollowing={isFollowing}
        setFollowing={setFollowing}
        find={text}
        matchCase={matchCase}
        current={current}
        handle={handle}
      />
      <Text size="xs">{t("log.lines", { count: log.lines.count })}</Text>
    </Stack>
  );
}
