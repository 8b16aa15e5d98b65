import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "@/components/files/files.module.css";
import { hexLines } from "@/components/files/kinds";

const SHOWN = 1024;

/** The first bytes of a file that is no text. */
export function HexView({ data }: { data: Uint8Array }) {
  const { t } = useTranslation("files");
  return (
    <Stack gap="xs">
      <Text c="dimmed">{t("binary")}</Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre className={`${classes.output} ${classes.source}`} tabIndex={0} style={{ whiteSpace: "pre" }}>
        {hexLines(data.subarray(0, SHOWN))}
      </pre>
    </Stack>
  );
}
