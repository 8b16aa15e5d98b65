const COLOURS = [
  "#3f6fd0",
  "#d9730d",
  "#2a9d72",
  "#c8455c",
  "#8a63d2",
  "#9a6b3f",
  "#d05ca8",
  "#6b7785",
  "#8f9a1e",
  "#1a93b0",
];
const DASHES = ["solid", "dashed", "dotted"] as const;

/** The look of a run everywhere on the page: colours repeat after ten, then the kind of line differs. */
export function lookOf(index: number): { colour: string; dash: (typeof DASHES)[number] } {
  const colour = COLOURS[index % COLOURS.length] ?? "#3f6fd0";
  return { colour, dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? "solid" };
}
