import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { DraftProblem } from "@/api/drafts";

/** Marks for the places of problems: from the column to the end of the word or line. */
export function diagnosticsOf(problems: DraftProblem[], doc: Text): Diagnostic[] {
  return problems.map((problem) => {
    const line = doc.line(Math.min(Math.max(1, problem.line ?? 1), doc.lines));
    const from = Math.min(line.to, line.from + Math.max(0, (problem.column ?? 1) - 1));
    const rest = doc.sliceString(from, line.to);
    const word = /^[^\s:,\]}]+/.exec(rest)?.[0].length ?? rest.length;
    return { from, to: from + word, severity: "error", message: sentenceOf(problem) };
  });
}

/** A problem as one text: what is wrong, what was expected, the nearest word. */
export function sentenceOf({ message, expected, suggestion }: DraftProblem): string {
  const parts = [message, expected && `→ ${expected}`, suggestion && `→ \`${suggestion}\`?`];
  return parts.filter(Boolean).join(" ");
}
