/** As many versions as stand side by side. */
export const MOST_COMPARED = 10;

/** The versions that an address names; the newest few when it names none. */
export function chosenVersions(text: string, newest: string[]): string[] {
  const named = text.split(",").filter(Boolean);
  return (named.length > 0 ? named : newest.slice(0, 3)).slice(0, MOST_COMPARED);
}
