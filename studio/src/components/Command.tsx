import { Group, Paper } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CopyButton } from "@/components/CopyButton";

/** A command or a few lines of code to copy. */
export function Command({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder px="sm" py={4} bg="var(--mantine-color-default-hover)">
      <Group justify="space-between" wrap="nowrap" align="start" gap="xs">
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          tabIndex={0}
          style={{
            margin: "6px 0",
            overflowX: "auto",
            fontFamily: "var(--mantine-font-family-monospace)",
            fontSize: 13,
          }}
        >
          <code>{text}</code>
        </pre>
        <CopyButton value={text} what={t("command")} />
      </Group>
    </Paper>
  );
}
