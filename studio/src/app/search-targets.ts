import type { Hit, SearchGroup } from "@/api/overview";
import { NAVIGATION, type NavId } from "@/app/nav";
import { path } from "@/lib/workspace";

/** Something that the search can open. */
export interface Target {
  id: string;
  to: string;
  hit?: Hit;
  page?: NavId;
}

const PLACES: Record<string, string> = { computes: "compute" };

/** The address of something found: its noun, its name, and of an asset its version. */
export function addressOf(workspace: string, hit: Hit): string {
  const place = PLACES[hit.noun] ?? hit.noun;
  return path(workspace, place, hit.name, ...(hit.version ? [hit.version] : []));
}

/** The entries of the navigation whose name, in the person's language or in English, holds the words. */
export function pagesNamed(words: string, names: (id: NavId) => string[]): NavId[] {
  const wanted = words.trim().toLowerCase();
  const entries = NAVIGATION.flatMap((section) => section.entries);
  return entries.map(({ id }) => id).filter((id) => names(id).some((name) => name.toLowerCase().includes(wanted)));
}

/** Everything that can be chosen, in the order in which it is shown. */
export function targetsOf(workspace: string, pages: NavId[], groups: SearchGroup[]): Target[] {
  const entries = NAVIGATION.flatMap((section) => section.entries);
  const found = pages.map((id) => {
    const place = entries.find((entry) => entry.id === id)?.path;
    return { id: `page-${id}`, to: place ? path(workspace, place) : path(workspace), page: id };
  });
  const hits = groups.flatMap((group) =>
    group.value.map((hit) => ({
      id: `hit-${hit.noun}-${encodeURIComponent(hit.name)}`,
      to: addressOf(workspace, hit),
      hit,
    })),
  );
  return [...found, ...hits];
}
