/** Height of a line in pixels. */
export const LINE = 18;

/** The tallest box that browsers lay out without errors, with room to spare. */
export const TALLEST = 6_000_000;

/** The height of the box in which `count` lines scroll. */
export function boxHeight(count: number): number {
  return Math.min(TALLEST, count * LINE);
}

/** Whether there are more lines than pixels: the bar is coarse then, and wheel and keys move by lines. */
export function isCoarse(count: number): boolean {
  return count * LINE > TALLEST;
}

/** The line at the top of the view, with a fraction, for a place of the scroll bar. */
export function lineAt(scrollTop: number, count: number, view: number): number {
  const most = lastTop(count, view);
  if (!isCoarse(count)) return Math.min(most, Math.max(0, scrollTop / LINE));
  const share = scrollTop / (boxHeight(count) - view);
  return Math.min(1, Math.max(0, share)) * most;
}

/** The place of the scroll bar that puts a line at the top. */
export function placeOf(line: number, count: number, view: number): number {
  const top = Math.min(Math.max(0, line), lastTop(count, view));
  if (!isCoarse(count)) return top * LINE;
  return (top / lastTop(count, view)) * (boxHeight(count) - view);
}

/** The highest line that can be at the top, with a fraction. */
export function lastTop(count: number, view: number): number {
  return Math.max(0, count - view / LINE);
}
