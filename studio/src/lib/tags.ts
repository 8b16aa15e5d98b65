/** Tags to set, and with null those to take away. */
export type TagChanges = Record<string, string | null>;

/** What makes `before` into `after`. */
export function tagChanges(before: Record<string, string>, after: Record<string, string>): TagChanges {
  const gone = Object.keys(before).filter((key) => !(key in after));
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value);
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...Object.fromEntries(set) };
}

/** Tags with changes applied. */
export function withChanges(tags: Record<string, string>, changes: TagChanges): Record<string, string> {
  const both = Object.entries({ ...tags, ...changes });
  return Object.fromEntries(both.filter((pair): pair is [string, string] => pair[1] !== null));
}
