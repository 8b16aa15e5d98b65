import { PasswordInput, Select, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Document, type Draft, isKept } from "@/components/access/document";
import type { Access, AccessKind, CredentialField } from "@/components/access/kinds";
import { Lines } from "@/components/access/Lines";

interface Props {
  access: Access;
  kind: AccessKind;
  draft: Draft;
  before?: Document;
  onChange: (part: Partial<Draft>) => void;
}

/** How to get in: the type of credentials, and what it asks for. */
export function CredentialFields({ access, kind, draft, before, onChange }: Props) {
  const { t } = useTranslation("access");
  const fields = access.ways[draft.way] ?? [];
  const mapping = fields.find(({ isMapping }) => isMapping);
  const plain = fields.filter(({ isMapping }) => !isMapping);
  if (kind.ways.length === 0) return null;
  return (
    <Stack gap="sm">
      <Select
        label={t("credentials")}
        description={t("credentialsHelp")}
        value={draft.way}
        onChange={(way) => onChange({ way: way ?? "none", credentials: {}, keys: [] })}
        data={kind.ways.map((value) => ({ value, label: t(`way.${value}` as "way.none") }))}
        allowDeselect={false}
      />
      {mapping && (
        <Lines label={t("field.keys")} lines={draft.keys} onChange={(keys) => onChange({ keys })} areSecret isNeeded />
      )}
      {plain.length > 0 && (
        <SimpleGrid cols={{ base: 1, xs: plain.length === 1 ? 1 : 2 }}>
          {plain.map((field) => (
            <Credential
              key={`${draft.way}.${field.key}`}
              field={field}
              value={draft.credentials[field.key] ?? ""}
              isKept={isKept(before, draft.way, access, field.key)}
              onChange={(value) => onChange({ credentials: { ...draft.credentials, [field.key]: value } })}
            />
          ))}
        </SimpleGrid>
      )}
    </Stack>
  );
}

interface CredentialProps {
  field: CredentialField;
  value: string;
  isKept: boolean;
  onChange: (value: string) => void;
}

function Credential({ field, value, isKept: kept, onChange }: CredentialProps) {
  const { t } = useTranslation("access");
  const shared = {
    label: t(`field.${field.key}` as "field.bucket"),
    value,
    required: !field.isOptional && !kept,
    placeholder: kept ? t("kept") : undefined,
    autoComplete: field.isSecret ? "new-password" : "off",
    spellCheck: false,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  if (field.isLong) return <Textarea {...shared} autosize minRows={3} maxRows={8} ff="monospace" />;
  if (!field.isSecret) return <TextInput {...shared} />;
  return <PasswordInput {...shared} visibilityToggleButtonProps={{ "aria-label": t("show") }} />;
}
