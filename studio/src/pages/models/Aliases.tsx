import { Badge, Group } from "@mantine/core";
import { IconAt } from "@tabler/icons-react";

/** Aliases as small labels; `of` says which version each names. */
export function Aliases({ names, of }: { names: string[]; of?: Record<string, string> }) {
  if (names.length === 0) return <span>—</span>;
  return (
    <Group gap={4} wrap="nowrap">
      {names.map((name) => (
        <Badge
          key={name}
          variant="outline"
          tt="none"
          leftSection={<IconAt size={11} aria-hidden />}
          maw={200}
          title={name}
          style={{ flexShrink: 0 }}
        >
          {of === undefined ? name : `${name}: ${of[name] ?? ""}`}
        </Badge>
      ))}
    </Group>
  );
}
