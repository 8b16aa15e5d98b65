import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { stringify } from "yaml";
import type { EnvironmentDefinition } from "@/api/environments";
import { CodeView } from "@/components/code/CodeView";

const OURS = ["id", "creation_context", "archived"];

/** The document of an environment as YAML. */
export function Definition({ definition }: { definition: EnvironmentDefinition }) {
  const { t } = useTranslation("environments");
  const text = useMemo(() => {
    const kept = Object.entries(definition).filter(([key, value]) => !OURS.includes(key) && !isEmpty(value));
    return stringify(Object.fromEntries(kept), { lineWidth: 0 });
  }, [definition]);
  return <CodeView text={text} name="environment.yml" label={t("document")} />;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}
