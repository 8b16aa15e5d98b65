/** Texts of graphs, and of where things came from and went. */
export const lineage = {
  title: "Lineage",
  graph: {
    node: "Press Enter to choose the node.",
    controls: "View of the graph",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    fit: "Show the whole graph",
    map: "Overview of the graph",
  },
};
