/** Texts of the pages of computes. */
export const compute = {
  title: "Compute",
  list: "Computes",
  nodes: "Nodes",
  node: "Node",
  slots: "Running jobs",
  size: "Size",
  state: "State",
  queue: "Waiting jobs",
  emptyTitle: "No compute yet",
  emptyText: "A compute is where jobs run. `local` is always there; a cluster limits how many run side by side.",
  start: "Start",
  stop: "Stop",
};
