import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

interface Props {
  kind: "environment" | "component" | "schedule";
  label: string;
  /** `name:version` to begin from. */
  from?: string;
  /** Looks less important than another button beside it. */
  isQuiet?: boolean;
}

/** Leads to the editor of a new document. */
export function NewDocumentLink({ kind, label, from, isQuiet }: Props) {
  const workspace = useWorkspace();
  return (
    <Button
      component={Link}
      to={path(workspace, "new", kind) + (from ? `?from=${encodeURIComponent(from)}` : "")}
      size="xs"
      variant={isQuiet ? "default" : "filled"}
      leftSection={<IconPlus size={14} aria-hidden />}
    >
      {label}
    </Button>
  );
}
