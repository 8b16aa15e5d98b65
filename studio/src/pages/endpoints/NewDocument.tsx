import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { DocumentDialog } from "@/pages/endpoints/DocumentDialog";

interface Props {
  label: string;
  title?: string;
  document: Record<string, unknown>;
  act: (document: Record<string, unknown>) => Promise<unknown>;
  /** Looks less important than another button beside it. */
  isQuiet?: boolean;
}

/** A button that opens the editor of a new document. */
export function NewDocument({ label, title, document, act, isQuiet }: Props) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button
        size="xs"
        variant={isQuiet ? "default" : "filled"}
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={open}
      >
        {label}
      </Button>
      <DocumentDialog title={title ?? label} document={document} isOpen={isOpen} onClose={close} act={act} />
    </>
  );
}
