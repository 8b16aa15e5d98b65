import { ActionIcon, Button, Fieldset, Group, PasswordInput, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Line } from "@/components/access/document";

interface Props {
  label: string;
  lines: Line[];
  onChange: (lines: Line[]) => void;
  /** Values are secrets. */
  areSecret?: boolean;
  /** There is at least one. */
  isNeeded?: boolean;
}

/** Names with values, as many as wanted. */
export function Lines({ label, lines, onChange, areSecret = false, isNeeded = false }: Props) {
  const { t } = useTranslation("access");
  const shown = isNeeded && lines.length === 0 ? [{ id: 0, key: "", value: "" }] : lines;
  const change = (id: number, part: Partial<Line>) =>
    onChange(shown.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const add = () => onChange([...shown, { id: 1 + Math.max(-1, ...shown.map(({ id }) => id)), key: "", value: "" }]);
  return (
    <Fieldset legend={label} variant="unstyled" mx={0} styles={{ legend: { fontWeight: 600, marginBottom: 4 } }}>
      <Stack gap="xs" align="start">
        {shown.map((line) => (
          <OneLine
            key={line.id}
            line={line}
            isSecret={areSecret}
            isNeeded={isNeeded && shown.length === 1}
            onChange={(part) => change(line.id, part)}
            onRemove={() => onChange(shown.filter(({ id }) => id !== line.id))}
          />
        ))}
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconPlus size={12} aria-hidden />}
          onClick={add}
          aria-label={t("addTo", { label })}
        >
          {t("addLine")}
        </Button>
      </Stack>
    </Fieldset>
  );
}

interface LineProps {
  line: Line;
  isSecret: boolean;
  isNeeded: boolean;
  onChange: (part: Partial<Line>) => void;
  onRemove: () => void;
}

function OneLine({ line, isSecret, isNeeded, onChange, onRemove }: LineProps) {
  const { t } = useTranslation(["access", "common"]);
  const value = {
    style: { flex: 2 },
    value: line.value,
    "aria-label": t("value"),
    placeholder: line.isKept ? t("kept") : t("value"),
    required: line.key !== "" && isSecret && !line.isKept,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ value: event.currentTarget.value }),
  };
  return (
    <Group gap={4} wrap="nowrap" w="100%">
      <TextInput
        style={{ flex: 1 }}
        aria-label={t("common:name")}
        placeholder={t("common:name")}
        value={line.key}
        readOnly={line.isKept}
        required={isNeeded}
        onChange={(event) => onChange({ key: event.currentTarget.value })}
      />
      {isSecret ? (
        <PasswordInput
          {...value}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("show") }}
        />
      ) : (
        <TextInput {...value} />
      )}
      <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={t("removeLine", { name: line.key })}>
        <IconX size={14} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
