import { Button, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CodeEditor } from "@/components/code/CodeEditor";
import { compactJson } from "@/lib/json";
import { fieldsOf, initialValues, missing, requestOf, type Values } from "@/pages/endpoints/test/form";
import { RequestFields } from "@/pages/endpoints/test/RequestFields";

interface Props {
  description: Record<string, unknown>;
  /** The request to begin with. */
  example: unknown;
  isSending: boolean;
  onSend: (body: string) => void;
}

/** Writes a request: as a form where the model names its columns, or as JSON; the form's row becomes the JSON. */
export function RequestEditor({ description, example, isSending, onSend }: Props) {
  const { t } = useTranslation("endpoints");
  const [fields] = useState(() => fieldsOf(description));
  const [values, setValues] = useState<Values>(() => initialValues(fields, example));
  const [text, setText] = useState(() => compactJson(example));
  const [way, setWay] = useState(fields.length > 0 ? "form" : "json");
  const empty = way === "form" ? missing(fields, values) : [];
  const fault = way === "json" ? faultOf(text) : null;
  const turn = (next: string) => {
    if (next === "json") setText(requestOf(fields, values));
    setWay(next);
  };
  return (
    <Stack gap="sm" component="section" aria-label={t("test.request")}>
      <Group justify="space-between">
        <Title order={2}>{t("test.request")}</Title>
        {fields.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label={t("test.way")}
            value={way}
            onChange={turn}
            data={[
              { value: "form", label: t("test.form") },
              { value: "json", label: t("test.json") },
            ]}
          />
        )}
      </Group>
      {fields.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("test.noForm")}
        </Text>
      )}
      {way === "form" ? (
        <RequestFields fields={fields} values={values} onChange={setValues} />
      ) : (
        <CodeEditor
          value={text}
          name="request.json"
          label={t("test.json")}
          onChange={setText}
          height="min(50vh, 420px)"
        />
      )}
      <Group>
        <Button
          leftSection={<IconSend size={16} aria-hidden />}
          loading={isSending}
          disabled={empty.length > 0 || fault !== null}
          onClick={() => onSend(way === "form" ? requestOf(fields, values) : text)}
        >
          {t("test.send")}
        </Button>
        <Text size="sm" c="red" role="status">
          {empty.length > 0 && t("test.missing", { names: empty.join(", ") })}
          {fault !== null && t("test.unreadable", { reason: fault })}
        </Text>
      </Group>
      <Text size="xs" c="dimmed">
        {t("test.server")}
      </Text>
    </Stack>
  );
}

function faultOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
