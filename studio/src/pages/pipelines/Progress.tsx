import { Progress as Bar, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PipelineLine } from "@/api/pipelines";

/** How many steps of a pipeline are done, and how many failed. */
export function Progress({ line }: { line: PipelineLine }) {
  const { t } = useTranslation("pipelines");
  const count = (...states: string[]) => states.reduce((sum, state) => sum + (line.counts[state] ?? 0), 0);
  const [done, failed] = [count("Completed"), count("Failed")];
  const running = count("Running", "Preparing", "Provisioning", "Starting", "Finalizing");
  const share = (value: number) => (100 * value) / Math.max(1, line.steps);
  const text = t("progressOf", { done, total: line.steps });
  return (
    <Group gap="xs" wrap="nowrap" w="100%">
      <Bar.Root size="sm" w={90} aria-hidden style={{ flexShrink: 0 }}>
        <Bar.Section value={share(done)} color="teal" />
        <Bar.Section value={share(failed)} color="red" />
        <Bar.Section value={share(running)} color="lapis" animated />
      </Bar.Root>
      <Text size="sm" className="number" truncate>
        {text}
        {failed > 0 && ` · ${t("progressFailed", { count: failed })}`}
      </Text>
    </Group>
  );
}
