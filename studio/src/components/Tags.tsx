import { Badge, Group, Text } from "@mantine/core";

/** Tags as small labels; a long value is cut, whole on hover. */
export function Tags({ tags }: { tags: Record<string, unknown> | null | undefined }) {
  const pairs = Object.entries(tags ?? {});
  if (pairs.length === 0) return <Text span>—</Text>;
  return (
    <Group gap={4}>
      {pairs.map(([key, value]) => {
        const text = value === "" || value === null ? key : `${key}: ${String(value)}`;
        return (
          <Badge key={key} variant="default" tt="none" fw={500} maw={320} title={text}>
            {text}
          </Badge>
        );
      })}
    </Group>
  );
}
