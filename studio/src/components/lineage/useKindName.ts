import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { LineageNode } from "@/api/lineage";

/** Gives a function that names what kind of thing a node is. */
export function useKindName(): (node: LineageNode) => string {
  const { t } = useTranslation("lineage");
  return useCallback(
    (node: LineageNode) => {
      if (node.kind === "job" && (node.type === "pipeline" || node.type === "sweep")) return t(`kind.${node.type}`);
      return t(`kind.${node.kind}`);
    },
    [t],
  );
}
