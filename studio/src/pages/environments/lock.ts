/** A package of a lock. */
export interface Package {
  name: string;
  version: string;
}

const PINNED = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([^\s;\\]+)|@\s*(\S+))/;

/** Reads which packages a requirements file pins. */
export function packagesOf(lock: string): Package[] {
  const found = lock.split("\n").map((line) => PINNED.exec(line));
  return found.flatMap((match) => (match ? [{ name: match[1] ?? "", version: match[2] ?? match[3] ?? "" }] : []));
}
