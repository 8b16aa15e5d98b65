const HEADING = /^Last lines of .*:$/;

/** Parts a job's reason into its sentence and the lines of the log that follow it. */
export function splitReason(reason: string): { sentence: string; lines: string[] } {
  const [sentence = "", ...lines] = reason.split(/\r?\n/);
  if (lines[0] !== undefined && HEADING.test(lines[0])) lines.shift();
  while (lines.at(-1)?.trim() === "") lines.pop();
  return { sentence, lines };
}
