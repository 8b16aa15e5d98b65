import { Badge, Group, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Answer } from "@/api/endpoints";
import { CopyButton } from "@/components/CopyButton";
import { CodeView } from "@/components/code/CodeView";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { formatBytes, formatDuration } from "@/lib/format";
import { compactJson } from "@/lib/json";

interface Props {
  answer: Answer | null;
  error: unknown;
  isWaiting: boolean;
}

/** What the endpoint answered: status, time, who, and the body. */
export function AnswerView({ answer, error, isWaiting }: Props) {
  const { t } = useTranslation("endpoints");
  return (
    <Stack gap="sm" component="section" aria-label={t("test.answer")} aria-live="polite">
      <Title order={2}>{t("test.answer")}</Title>
      {isWaiting && <Loading />}
      {!isWaiting && error !== null && error !== undefined && <ErrorBox error={error} />}
      {!isWaiting &&
        !error &&
        (answer ? (
          <Whole answer={answer} />
        ) : (
          <Text size="sm" c="dimmed">
            {t("test.empty")}
          </Text>
        ))}
    </Stack>
  );
}

function Whole({ answer }: { answer: Answer }) {
  const { t, i18n } = useTranslation("endpoints");
  return (
    <>
      <KeyValues
        label={t("test.answer")}
        pairs={[
          { label: t("test.status"), value: <Status status={answer.status} /> },
          { label: t("test.time"), value: formatDuration(answer.seconds * 1000) },
          { label: t("deployment"), value: answer.deployment },
          { label: t("test.size"), value: formatBytes(answer.size, i18n.language) },
          { label: t("test.requestId"), value: answer.request_id && <RequestId id={answer.request_id} /> },
        ]}
      />
      {answer.is_cut && <Text size="sm">{t("test.cut")}</Text>}
      {answer.text || answer.size === 0 ? (
        <CodeView text={pretty(answer)} name={nameOf(answer)} label={t("test.answer")} />
      ) : (
        <Text c="dimmed">{t("test.noText", { type: answer.content_type })}</Text>
      )}
    </>
  );
}

function Status({ status }: { status: number }) {
  const isGood = status < 400;
  const Icon = isGood ? IconCheck : IconX;
  return (
    <Badge variant="light" color={isGood ? "teal" : "red"} leftSection={<Icon size={12} aria-hidden />}>
      {status}
    </Badge>
  );
}

function RequestId({ id }: { id: string }) {
  const { t } = useTranslation("endpoints");
  return (
    <Group gap={4} wrap="nowrap">
      <span>{id}</span>
      <CopyButton value={id} what={t("test.requestId")} />
    </Group>
  );
}

function nameOf(answer: Answer): string {
  return answer.content_type.includes("json") ? "answer.json" : "answer.txt";
}

function pretty(answer: Answer): string {
  if (!answer.content_type.includes("json") || answer.is_cut) return answer.text;
  try {
    return compactJson(JSON.parse(answer.text));
  } catch {
    return answer.text;
  }
}
