import command from "@/pages/submit/templates/command.yml?raw";
import component from "@/pages/submit/templates/component.yml?raw";
import environment from "@/pages/submit/templates/environment.yml?raw";
import pipeline from "@/pages/submit/templates/pipeline.yml?raw";
import schedule from "@/pages/submit/templates/schedule.yml?raw";
import sweep from "@/pages/submit/templates/sweep.yml?raw";

/** Jobs to begin with. */
export const TEMPLATES = { command, sweep, pipeline };

export type TemplateId = keyof typeof TEMPLATES;

/** What other documents begin with. */
export const BEGINNINGS = { environment, component, schedule };
