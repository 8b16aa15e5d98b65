import { Stack, Text, Title } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Command } from "@/components/Command";

interface Props {
  icon: TablerIcon;
  title: string;
  text: string;
  /** The command that would fill the page. */
  command?: string;
  children?: ReactNode;
}

/** What stands where nothing is yet: what belongs here, and how it gets here. */
export function EmptyState({ icon: Icon, title, text, command, children }: Props) {
  return (
    <Stack align="center" gap="sm" py="xl" maw={640} mx="auto">
      <Icon size={44} stroke={1.2} color="var(--mantine-color-dimmed)" aria-hidden />
      <Title order={2}>{title}</Title>
      <Text c="dimmed" ta="center">
        {text}
      </Text>
      {command && (
        <div style={{ maxWidth: "100%" }}>
          <Command text={command} />
        </div>
      )}
      {children}
    </Stack>
  );
}
