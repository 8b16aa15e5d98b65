import { Alert, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ServerHealth } from "@/api/overview";
import { TimeAgo } from "@/components/times";
import { formatBytes } from "@/lib/format";
import classes from "@/pages/home/home.module.css";

const LOW = 0.1;

/** The server and its machine: disk, memory, processors. */
export function ServerFacts({ server }: { server: ServerHealth }) {
  const { t, i18n } = useTranslation("home");
  const size = (bytes: number) => formatBytes(bytes, i18n.language);
  const isLow = server.disk_free / server.disk_total < LOW;
  const percent = Math.min(100, Math.round(100 * server.load));
  return (
    <Stack gap="sm">
      {(server.read_only || isLow) && (
        <Alert color={server.read_only ? "red" : "orange"} icon={<IconAlertTriangle aria-hidden />}>
          {server.read_only ? t("readOnly") : t("diskLow")}
        </Alert>
      )}
      <Meter
        name={t("disk")}
        used={1 - server.disk_free / server.disk_total}
        text={t("free", { free: size(server.disk_free), total: size(server.disk_total) })}
      />
      <Meter
        name={t("memory")}
        used={1 - server.memory_free / server.memory_total}
        text={t("free", { free: size(server.memory_free), total: size(server.memory_total) })}
      />
      <Meter name={t("load")} used={server.load} text={t("loadText", { percent, count: server.processors })} />
      <Text size="xs" c="dimmed" component="span">
        Lapis {server.version} · {server.database === "sqlite" ? "SQLite" : "PostgreSQL"} · {t("upSince")}{" "}
        <TimeAgo at={server.started_at} />
      </Text>
    </Stack>
  );
}

function Meter({ name, used, text }: { name: string; used: number; text: string }) {
  const percent = Math.min(100, Math.max(0, 100 * used));
  return (
    <div>
      <div className={classes.line}>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed">
          {text}
        </Text>
      </div>
      <Progress size="sm" value={percent} color={percent > 90 ? "red" : undefined} aria-label={`${name}: ${text}`} />
    </div>
  );
}
