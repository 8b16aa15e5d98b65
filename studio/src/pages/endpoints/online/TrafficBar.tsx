import { Progress, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

const COLOURS = ["lapis", "teal", "grape", "orange", "cyan", "pink"];

/** The colour that stands for a deployment of an endpoint, by its place among their names. */
export function deploymentColour(names: string[], name: string): string {
  const sorted = [...names].sort();
  return COLOURS[Math.max(0, sorted.indexOf(name)) % COLOURS.length] ?? "lapis";
}

/** How requests are shared out, as a bar and in words. */
export function TrafficBar({ traffic, names }: { traffic: Record<string, number>; names: string[] }) {
  const { t } = useTranslation("endpoints");
  const shares = names.map((name) => ({ name, share: traffic[name] ?? 0 })).filter(({ share }) => share > 0);
  if (shares.length === 0) {
    return (
      <Text size="sm" c="dimmed" component="span">
        {t("noTraffic")}
      </Text>
    );
  }
  const words = shares.map(({ name, share }) => `${name} ${share} %`).join(", ");
  return (
    <Tooltip label={words}>
      <div style={{ width: "100%" }}>
        <Progress.Root size="sm" aria-hidden>
          {shares.map(({ name, share }) => (
            <Progress.Section key={name} value={share} color={deploymentColour(names, name)} withAria={false} />
          ))}
        </Progress.Root>
        <Text size="xs" c="dimmed" truncate>
          {words}
        </Text>
      </div>
    </Tooltip>
  );
}
