import { List, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { type Schedule, useSchedule } from "@/api/schedules";
import { CodeView } from "@/components/code/CodeView";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { StatusBadge } from "@/components/StatusBadge";
import { Tabs } from "@/components/Tabs";
import { Tags } from "@/components/Tags";
import { DateTime, TimeAgo } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { Actions } from "@/pages/schedules/Actions";
import { yamlOf } from "@/pages/schedules/document";
import { History } from "@/pages/schedules/History";
import { readTrigger, triggerWords } from "@/pages/schedules/trigger";

/** One schedule: when it runs next, what its runs became, and its document. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const schedule = useSchedule(workspace, name);
  if (schedule.error) return <ErrorBox error={schedule.error} retry={() => void schedule.refetch()} />;
  if (schedule.isPending) return <Loading />;
  return <Whole schedule={schedule.data} />;
}

function Whole({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation(["schedules", "common"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={schedule.display_name ?? schedule.name}
        crumbs={[{ label: t("title"), to: path(workspace, "schedules") }]}
        mark={<StatusBadge status={schedule.is_enabled ? "Enabled" : "Disabled"} />}
        actions={<Actions schedule={schedule} />}
      />
      <Tabs
        label={schedule.name}
        tabs={[
          { id: "overview", label: t("common:overview"), content: <Overview schedule={schedule} /> },
          { id: "history", label: t("history"), content: <History name={schedule.name} /> },
          { id: "document", label: t("document"), content: <Document schedule={schedule} /> },
        ]}
      />
    </>
  );
}

function Overview({ schedule }: { schedule: Schedule }) {
  const { t, i18n } = useTranslation(["schedules", "common"]);
  const trigger = readTrigger(schedule.trigger);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: "start" }}>
      <KeyValues
        label={t("common:properties")}
        pairs={[
          { label: t("common:name"), value: schedule.name },
          { label: t("common:description"), value: schedule.description },
          {
            label: t("trigger"),
            value: triggerWords(i18n.getFixedT(null, "schedules"), trigger, i18n.language),
          },
          { label: t("zone"), value: trigger.time_zone },
          { label: t("start"), value: trigger.start_time },
          { label: t("end"), value: trigger.end_time },
          { label: t("common:tags"), value: <Tags tags={schedule.tags} /> },
          { label: t("common:createdBy"), value: schedule.creation_context.created_by },
          { label: t("common:created"), value: <DateTime at={schedule.creation_context.created_at} /> },
        ]}
      />
      <NextRuns schedule={schedule} />
    </SimpleGrid>
  );
}

function NextRuns({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation("schedules");
  const times = schedule.next_fire_times;
  return (
    <Stack gap="xs">
      <Title order={2}>{t("nextRuns")}</Title>
      {times.length === 0 && <Text c="dimmed">{schedule.is_enabled ? t("noNext") : t("noNextDisabled")}</Text>}
      {times.length > 0 && (
        <List size="sm" spacing={4} listStyleType="none" aria-label={t("nextRuns")}>
          {times.map((at) => (
            <List.Item key={at}>
              <DateTime at={at} />{" "}
              <Text span size="sm" c="dimmed">
                (<TimeAgo at={at} />)
              </Text>
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  );
}

function Document({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation("schedules");
  const text = useMemo(() => yamlOf(schedule), [schedule]);
  return <CodeView text={text} name="schedule.yml" label={t("document")} />;
}
