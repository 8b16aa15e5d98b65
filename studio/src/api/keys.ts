/** Nouns as the server's addresses and its live topics name them. */
export type Noun =
  | "overview"
  | "jobs"
  | "runs"
  | "experiments"
  | "schedules"
  | "data"
  | "models"
  | "environments"
  | "components"
  | "online-endpoints"
  | "batch-endpoints"
  | "computes"
  | "datastores"
  | "connections"
  /** Schedules with the states of their jobs. */
  | "schedules+jobs";

/** The key of a list of a noun: told of by the topic `<noun>`. */
export function listKey(workspace: string, noun: Noun, ...rest: unknown[]): unknown[] {
  return [workspace, noun, "", ...rest];
}

/** The key of one thing: told of by the topics `<noun>/<name>` and `<noun>`. */
export function itemKey(workspace: string, noun: Noun, name: string, ...rest: unknown[]): unknown[] {
  return [workspace, noun, name, ...rest];
}

/** Says whether a change of `topic` in `workspace` makes what lies under `key` stale. */
export function isTouched(key: readonly unknown[], workspace: string, topic: string): boolean {
  const [noun, ...name] = topic.split("/");
  if (key[0] !== workspace) return false;
  // what runs log and what endpoints count are not on the overview, and come often
  if (key[1] === "overview") return noun !== "runs" && name[1] !== "figures";
  if (
    !String(key[1])
      .split("+")
      .includes(noun ?? "")
  )
    return false;
  return key[2] === "" || name.length === 0 || key[2] === name.join("/");
}
