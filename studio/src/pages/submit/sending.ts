/** A copy of a document with an address in the place of a local path. */
export function withAddress(
  document: Record<string, unknown>,
  path: (string | number)[],
  address: string,
): Record<string, unknown> {
  const made = structuredClone(document);
  const last = path.at(-1);
  let holder: Record<string | number, unknown> = made;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
  if (last !== undefined) holder[last] = address;
  return made;
}
