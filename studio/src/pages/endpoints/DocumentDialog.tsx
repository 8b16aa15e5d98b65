import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { stringify } from "yaml";
import { CodeEditor } from "@/components/code/CodeEditor";
import { ErrorBox } from "@/components/ErrorBox";
import { readDocument, type YamlDocument } from "@/lib/documents";

interface Props {
  title: string;
  /** What stands in the editor at first. */
  document: YamlDocument;
  isOpen: boolean;
  onClose: () => void;
  /** Writes the document; what it throws is shown. */
  act: (document: YamlDocument) => Promise<unknown>;
}

/** A document as YAML, to be changed and written; what the server objects to is shown below it. */
export function DocumentDialog({ title, document, isOpen, onClose, act }: Props) {
  const { t } = useTranslation("common");
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size="xl" closeButtonProps={{ "aria-label": t("close") }}>
      <Editor document={document} onClose={onClose} act={act} />
    </Modal>
  );
}

function Editor({ document, onClose, act }: Pick<Props, "document" | "onClose" | "act">) {
  const { t } = useTranslation(["endpoints", "common"]);
  const [first] = useState(() => stringify(document));
  const [text, setText] = useState(first);
  const work = useMutation({
    mutationFn: () => act(readDocument(text, (reason) => t("unreadable", { reason }))),
    onSuccess: onClose,
  });
  return (
    <Stack gap="sm">
      <CodeEditor
        value={first}
        name="document.yml"
        label={t("document")}
        onChange={setText}
        height="min(52vh, 460px)"
      />
      <Text size="sm" c="dimmed">
        {t("documentHelp")}
      </Text>
      {work.error && <ErrorBox error={work.error} />}
      <Group justify="end">
        <Button variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button loading={work.isPending} onClick={() => work.mutate()}>
          {t("apply")}
        </Button>
      </Group>
    </Stack>
  );
}
