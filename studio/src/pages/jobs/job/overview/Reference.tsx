import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router";
import { placeOf } from "@/lib/reference";
import { path, useWorkspace } from "@/lib/workspace";

interface Props {
  to: string;
  kind?: "data" | "models" | "environments" | "components";
}

/** An address of a document: a link where a page shows what it names. */
export function Reference({ to, kind }: Props) {
  const workspace = useWorkspace();
  const place = placeOf(to, kind);
  if (place === null) return <Text size="sm">{to}</Text>;
  return (
    <Anchor component={Link} to={path(workspace, ...place)} fz="sm">
      {to}
    </Anchor>
  );
}
