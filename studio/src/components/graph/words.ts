import { useMemo } from "react";
import { useTranslation } from "react-i18next";

/** What the graph's own controls are called, in the person's language. */
export function useGraphWords() {
  const { t } = useTranslation("lineage");
  return useMemo(
    () => ({
      "node.a11yDescription.default": t("graph.node"),
      "node.a11yDescription.keyboardDisabled": t("graph.node"),
      "edge.a11yDescription.default": "",
      "controls.ariaLabel": t("graph.controls"),
      "controls.zoomIn.ariaLabel": t("graph.zoomIn"),
      "controls.zoomOut.ariaLabel": t("graph.zoomOut"),
      "controls.fitView.ariaLabel": t("graph.fit"),
      "minimap.ariaLabel": t("graph.map"),
    }),
    [t],
  );
}
