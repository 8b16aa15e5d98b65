import command from "@/pages/submit/templates/command.yml?raw";
import pipeline from "@/pages/submit/templates/pipeline.yml?raw";
import sweep from "@/pages/submit/templates/sweep.yml?raw";

/** Documents to begin with. */
export const TEMPLATES = { command, sweep, pipeline };

export type TemplateId = keyof typeof TEMPLATES;
