import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { contentAddress } from "@/api/files";
import classes from "@/components/files/files.module.css";
import { kindOf } from "@/components/files/kinds";
import type { ViewProps } from "@/components/files/Preview";

/** A document of a job: HTML in a sandbox with an origin of nobody's and without a network; PDF by the browser. */
export default function DocumentView({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  const address = contentAddress(source, "view", file.path);
  if (kindOf(file.name) === "pdf") return <iframe className={classes.frame} title={file.name} src={address} />;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t("sandboxed")}
      </Text>
      <iframe
        className={classes.frame}
        title={file.name}
        src={address}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
      />
    </Stack>
  );
}
