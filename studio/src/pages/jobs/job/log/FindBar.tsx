import { ActionIcon, Group, Text, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconLetterCase, IconSearch } from "@tabler/icons-react";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/pages/jobs/job/log/useFinding";

interface Props {
  text: string;
  setText: (text: string) => void;
  matchCase: boolean;
  setMatchCase: (on: boolean) => void;
  finding: Finding;
}

/** Finds a text in a log: Enter goes to the next match, Shift+Enter to the one before. */
export function FindBar({ text, setText, matchCase, setMatchCase, finding }: Props) {
  const { t } = useTranslation("job");
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") finding.step(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") setText("");
  };
  return (
    <Group gap={4} wrap="nowrap" style={{ flex: "1 1 280px" }}>
      <TextInput
        size="xs"
        style={{ flex: 1 }}
        leftSection={<IconSearch size={14} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        placeholder={t("log.find")}
        aria-label={t("log.find")}
        type="search"
      />
      <ActionIcon
        variant={matchCase ? "filled" : "default"}
        size={30}
        aria-label={t("log.matchCase")}
        aria-pressed={matchCase}
        onClick={() => setMatchCase(!matchCase)}
      >
        <IconLetterCase size={16} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size={30}
        aria-label={t("log.previous")}
        onClick={() => finding.step(-1)}
        disabled={finding.at < 0}
      >
        <IconChevronUp size={16} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size={30}
        aria-label={t("log.next")}
        onClick={() => finding.step(1)}
        disabled={finding.at < 0}
      >
        <IconChevronDown size={16} aria-hidden />
      </ActionIcon>
      <Text size="xs" role="status" style={{ whiteSpace: "nowrap" }}>
        {text && <Count finding={finding} />}
      </Text>
    </Group>
  );
}

function Count({ finding }: { finding: Finding }) {
  const { t } = useTranslation("job");
  const { lines, at, isSearching, hasMore } = finding;
  if (lines.length === 0) return isSearching ? t("log.searching") : t("log.noMatch");
  return t(hasMore ? "log.matchesMore" : "log.matches", { at: at + 1, count: lines.length });
}
