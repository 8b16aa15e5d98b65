import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

interface Props {
  /** Where the pages of such things are. */
  noun: "models" | "compute";
  /** `name`, `name:version`, either behind `azureml:`; anything else stands as it is. */
  reference: string;
}

const NAMED = /^(?:azureml:)?([\w.-]+)(?::([\w.-]+))?$/;

/** A model or a compute that a deployment names, as a way to its page. */
export function AssetLink({ noun, reference }: Props) {
  const workspace = useWorkspace();
  const [, name, version] = NAMED.exec(reference) ?? [];
  if (!name) return <span>{reference}</span>;
  return (
    <Anchor component={Link} to={path(workspace, noun, name, ...(version ? [version] : []))} fz="sm">
      {version ? `${name}:${version}` : name}
    </Anchor>
  );
}
