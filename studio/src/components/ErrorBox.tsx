import { Alert, Button, Code, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ApiError, type Problem } from "@/api/errors";

/** Shows what went wrong as the server says it: sentence, way out, places; `retry` offers another try. */
export function ErrorBox({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const known = error instanceof ApiError ? error : null;
  const isMissing = known?.code === "NotFound";
  const sentence = known ? known.message : isNetworkFault(error) ? t("error.unreachable") : plainWords(error);
  return (
    <Alert
      color={isMissing ? "gray" : "red"}
      role="alert"
      icon={<IconAlertTriangle aria-hidden />}
      title={isMissing ? t("error.missing") : known ? t("error.title", { code: known.code }) : t("error.plain")}
    >
      <Stack gap="xs" align="start">
        <Text size="sm">{sentence}</Text>
        {known?.hint && <Text size="sm">{known.hint}</Text>}
        {known && known.problems.length > 0 && (
          <List size="sm">
            {known.problems.map((problem) => (
              <List.Item key={placeOf(problem) + problem.message}>
                {placeOf(problem) && <Code>{placeOf(problem)}</Code>} {problem.message}{" "}
                {problem.hint ?? problem.expected}
              </List.Item>
            ))}
          </List>
        )}
        {known?.requestId && (
          <Text size="xs" c="dimmed">
            {t("error.request", { id: known.requestId })}
          </Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            {t("error.retry")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function placeOf(problem: Problem): string {
  const line = problem.line ? `${problem.line}:${problem.column ?? 1} ` : "";
  return `${line}${problem.path ?? ""}`.trim();
}

/** What a fault says: our own sentence, or with its name what a browser says. */
function plainWords(error: unknown): string {
  return error instanceof Error && error.name === "Error" ? error.message : String(error);
}

function isNetworkFault(error: unknown): boolean {
  return error instanceof TypeError && /fetch|network/i.test(error.message);
}
