import { Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CodeEditor } from "@/components/code/CodeEditor";

/** The document of a compute that is to be attached, as YAML; a module of its own, for few need the editor. */
export default function DocumentField({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation("compute");
  const [first] = useState(text);
  return (
    <Stack gap="xs">
      <CodeEditor
        value={first}
        name="compute.yml"
        label={t("document")}
        onChange={onChange}
        height="min(36vh, 260px)"
      />
      <Text size="sm" c="dimmed">
        {t("documentHelp")}
      </Text>
    </Stack>
  );
}
