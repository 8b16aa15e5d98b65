import { Button, Grid, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { DocumentKind } from "@/api/drafts";
import { listKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import { CodeEditor } from "@/components/code/CodeEditor";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { create } from "@/pages/submit/creating";
import { withAddress } from "@/pages/submit/sending";
import { TEMPLATES, type TemplateId } from "@/pages/submit/templates";
import { Uploads } from "@/pages/submit/Uploads";
import { type Checked, useEditor } from "@/pages/submit/useEditor";
import { Verdict } from "@/pages/submit/Verdict";

interface Props {
  workspace: string;
  kind: DocumentKind;
  /** The document changes what is there already. */
  replaces?: boolean;
  /** The text at first. */
  begin: string;
  /** The template that it is, if it is one. */
  template?: TemplateId;
}

/** The editor of a document, what the server says of it, and the way to submit it. */
export function Writing({ workspace, kind, begin, template, replaces = false }: Props) {
  const { t } = useTranslation("submit");
  const [text, setText] = useState(begin);
  const [sent, setSent] = useState<Record<string, string>>({});
  const names = useNames(workspace);
  const editor = useEditor(workspace, kind, names);
  const { checked } = editor;
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 8 }}>
        <Stack gap="xs">
          {template && <Templates chosen={template} />}
          <CodeEditor
            value={text}
            name={`${kind}.yml`}
            label={t(`editor.${kind}`)}
            onChange={setText}
            extensions={editor.extensions}
            height="max(360px, calc(100vh - 260px))"
          />
          <Text size="xs">{t("keys")}</Text>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 4 }}>
        <Stack gap="lg">
          <Submit workspace={workspace} kind={kind} replaces={replaces} text={text} checked={checked} sent={sent} />
          {Boolean(editor.error) && <ErrorBox error={editor.error} retry={editor.again} />}
          {!checked && !editor.error && <Loading height={60} />}
          {checked && <Verdict draft={checked.draft} goTo={editor.goTo} />}
          {checked && (
            <Uploads
              workspace={workspace}
              uploads={checked.draft.uploads}
              sent={sent}
              onSent={(local, address) => setSent((before) => ({ ...before, [local]: address }))}
            />
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

function Templates({ chosen }: { chosen: TemplateId }) {
  const { t } = useTranslation("submit");
  const [, setParams] = useSearchParams();
  return (
    <Group gap="xs">
      <Text size="sm">{t("template.label")}</Text>
      <SegmentedControl
        size="xs"
        aria-label={t("template.label")}
        value={chosen}
        onChange={(template) => setParams({ template })}
        data={(Object.keys(TEMPLATES) as TemplateId[]).map((value) => ({ value, label: t(`template.${value}`) }))}
      />
    </Group>
  );
}

interface SubmitProps {
  workspace: string;
  kind: DocumentKind;
  replaces: boolean;
  text: string;
  checked: Checked | null;
  sent: Record<string, string>;
}

function Submit({ workspace, kind, replaces, text, checked, sent }: SubmitProps) {
  const { t } = useTranslation("submit");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const draft = checked?.text === text ? checked.draft : null;
  const waiting = draft?.uploads.filter((upload) => !sent[upload.text]) ?? [];
  const work = useMutation({
    mutationFn: async () => {
      if (!draft?.document) return;
      const document = draft.uploads.reduce(
        (made, { path: place, text: local }) => withAddress(made, place, sent[local] ?? local),
        draft.document,
      );
      const address = await create(workspace, kind, draft.name, document, replaces);
      await queries.invalidateQueries({ queryKey: [workspace] });
      await navigate(address);
    },
  });
  return (
    <Stack gap="xs">
      <Button
        leftSection={<IconSend size={16} aria-hidden />}
        loading={work.isPending}
        disabled={!draft?.document || waiting.length > 0}
        onClick={() => work.mutate()}
      >
        {t(replaces ? "replace" : `submit.${kind}`)}
      </Button>
      {waiting.length > 0 && <Text size="sm">{t("uploads.first")}</Text>}
      {work.error && <ErrorBox error={work.error} />}
    </Stack>
  );
}

/** Names of the workspace that a document may hold, for completion. */
function useNames(workspace: string): Record<string, string[]> {
  const computes = useQuery({
    queryKey: listKey(workspace, "computes", "names"),
    queryFn: () => read<{ value: { name: string }[] }>(nativeAddress(workspace, "computes")),
  });
  const environments = useQuery({
    queryKey: listKey(workspace, "environments", "names"),
    queryFn: () => read<{ value: { name: string }[] }>(`${nativeAddress(workspace, "environments")}?limit=1000`),
  });
  const compute = ["local", ...(computes.data?.value ?? []).map(({ name }) => name)];
  const environment = [...new Set((environments.data?.value ?? []).map(({ name }) => `azureml:${name}@latest`))];
  return { compute: [...new Set(compute)], default_compute: [...new Set(compute)], environment };
}
