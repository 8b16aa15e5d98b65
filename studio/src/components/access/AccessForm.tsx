import { Button, Group, Select, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { CredentialFields } from "@/components/access/CredentialFields";
import { type Document, type Draft, documentOf, draftOf } from "@/components/access/document";
import type { Access, AccessKind, Field } from "@/components/access/kinds";
import { Lines } from "@/components/access/Lines";
import { ErrorBox } from "@/components/ErrorBox";

export interface FormProps {
  access: Access;
  /** What is there already and is changed; left out: a new one is made. */
  before?: Document;
  /** Names that are taken. */
  taken: string[];
  /** Writes the document. */
  act: (document: Document) => Promise<unknown>;
  onClose: () => void;
}

/** Name, place and credentials of a datastore or a connection; secrets go to the server and never come back. */
export function AccessForm({ access, before, taken, act, onClose }: FormProps) {
  const { t } = useTranslation(["access", "common"]);
  const [draft, setDraft] = useState(() => draftOf(access, before));
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const kind = access.kinds.find(({ type }) => type === draft.type);
  const isTaken = !before && taken.some((name) => name.toLowerCase() === draft.name.trim().toLowerCase());
  const work = useMutation({ mutationFn: () => act(documentOf(access, draft, before)), onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isTaken) work.mutate();
  };
  return (
    <form onSubmit={submit} autoComplete="off">
      <Stack>
        {!before && <NameAndType access={access} draft={draft} isTaken={isTaken} onChange={change} />}
        {kind && <Fields kind={kind} draft={draft} onChange={change} />}
        {kind && <CredentialFields access={access} kind={kind} draft={draft} before={before} onChange={change} />}
        <Textarea
          label={t("common:description")}
          value={draft.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
          autosize
          minRows={2}
          maxRows={8}
        />
        {access.hasMetadata && (
          <Lines label={t("metadata")} lines={draft.metadata} onChange={(metadata) => change({ metadata })} />
        )}
        <Lines label={t("common:tags")} lines={draft.tags} onChange={(tags) => change({ tags })} />
        {work.error && <ErrorBox error={work.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={work.isPending}>
            {before ? t("common:save") : t("create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}

function NameAndType({ access, draft, isTaken, onChange }: PartProps & { access: Access; isTaken: boolean }) {
  const { t } = useTranslation(["access", "common"]);
  const choose = (type: string | null) => {
    const kind = access.kinds.find((one) => one.type === type);
    if (kind) onChange({ type: kind.type, way: kind.ways[0] ?? "none" });
  };
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TextInput
        data-autofocus
        required
        label={t("common:name")}
        value={draft.name}
        error={isTaken && t("taken")}
        maxLength={255}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <Select
        label={t("common:type")}
        value={draft.type}
        onChange={choose}
        data={access.kinds.map(({ type, label }) => ({ value: type, label }))}
        allowDeselect={false}
        searchable={access.kinds.length > 12}
        nothingFoundMessage={t("nothing")}
        maxDropdownHeight={320}
      />
    </SimpleGrid>
  );
}

function Fields({ kind, draft, onChange }: PartProps & { kind: AccessKind }) {
  const { t } = useTranslation("access");
  if (kind.fields.length === 0) return null;
  const write = (field: Field, value: string) => onChange({ fields: { ...draft.fields, [field.key]: value } });
  const isWide = kind.fields.length === 1;
  return (
    <SimpleGrid cols={{ base: 1, xs: isWide ? 1 : 2 }}>
      {kind.fields.map((field) => (
        <TextInput
          key={field.key}
          label={t(`field.${field.key}` as "field.bucket")}
          required={field.isRequired}
          placeholder={field.placeholder}
          inputMode={field.isNumber ? "numeric" : undefined}
          pattern={field.isNumber ? "[0-9]*" : undefined}
          value={draft.fields[field.key] ?? ""}
          onChange={(event) => write(field, event.currentTarget.value)}
        />
      ))}
    </SimpleGrid>
  );
}
