import { ActionIcon, Code, List, Popover, Text, TextInput } from "@mantine/core";
import { IconFilter, IconHelp } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiError } from "@/api/errors";

interface Props {
  value: string;
  onChange: (text: string) => void;
  fault: ApiError | null;
}

/** Takes a filter in MLflow's language; it counts when the person presses Enter or leaves the box. */
export function FilterBox({ value, onChange, fault }: Props) {
  const { t } = useTranslation("jobs");
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = () => {
    if (text.trim() !== value) onChange(text.trim());
  };
  return (
    <TextInput
      size="xs"
      flex={1}
      miw={220}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setText(value);
      }}
      aria-label={t("filter")}
      placeholder={t("filterExample")}
      error={fault && (fault.hint ? `${fault.message} ${fault.hint}` : fault.message)}
      leftSection={<IconFilter size={14} aria-hidden />}
      rightSection={<FilterHelp />}
      rightSectionPointerEvents="all"
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      spellCheck={false}
      autoComplete="off"
    />
  );
}

const EXAMPLES = [
  "metrics.accuracy > 0.9",
  "params.model = 'tree' AND metrics.loss < 0.1",
  "tags.`my team` LIKE 'vision%'",
  "status IN ('Failed', 'Canceled')",
  "run_name ILIKE '%baseline%'",
  "user_id = 'ada' AND start_time > 1767225600000",
];

function FilterHelp() {
  const { t } = useTranslation("jobs");
  return (
    <Popover width={420} position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("filterHelp")}>
          <IconHelp size={16} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 24px)">
        <Text size="sm" mb="xs">
          {t("filterHelpText")}
        </Text>
        <List size="sm" spacing={4} listStyleType="none" tabIndex={0}>
          {EXAMPLES.map((example) => (
            <List.Item key={example}>
              <Code>{example}</Code>
            </List.Item>
          ))}
        </List>
      </Popover.Dropdown>
    </Popover>
  );
}
