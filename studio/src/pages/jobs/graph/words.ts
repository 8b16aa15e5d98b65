import type { TFunction } from "i18next";
import { isOver } from "@/api/jobs";
import type { PipelineStep } from "@/api/pipelines";

type Words = TFunction<["pipelines", "status"]>;

/** The state of a step in a word. */
export function stateWord(t: Words, step: PipelineStep): string {
  return step.reused_from ? t("graph.reused") : t(`status:${step.status as "Queued"}`, { defaultValue: step.status });
}

/** Why a step is in its state, in one line: what it waits for, where its result comes from, or the server's reason. */
export function stepNote(t: Words, step: PipelineStep, pipelineStatus: string, waitsFor: string[]): string {
  if (step.reused_from) return t("graph.reusedFrom", { name: step.reused_from });
  if (step.job !== null) return step.reason.split("\n", 1)[0] ?? "";
  if (isOver({ status: pipelineStatus })) return t("graph.neverStarted");
  if (pipelineStatus === "") return "";
  return waitsFor.length > 0 ? t("graph.waitsFor", { steps: waitsFor.join(", ") }) : t("graph.about");
}

/** The steps that one waits for: those that it needs and that have not completed. */
export function waitsFor(step: PipelineStep, siblings: ReadonlyMap<string, PipelineStep>): string[] {
  return step.needs.filter((name) => siblings.get(name)?.status !== "Completed");
}
