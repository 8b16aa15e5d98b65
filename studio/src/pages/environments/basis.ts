import type { TFunction } from "i18next";
import type { EnvironmentDefinition } from "@/api/environments";

/** Says in a few words what an environment is made from. */
export function basisOf(definition: EnvironmentDefinition, t: TFunction<["environments", "common"]>): string {
  if (definition.build) return t("fromDockerfile");
  const parts = [
    definition.conda_file && t("fromConda"),
    definition.requirements && t("fromRequirements"),
    definition.image,
  ];
  return parts.filter(Boolean).join(" · ") || "—";
}
