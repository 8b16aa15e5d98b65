/** Texts of the pages of connections. */
export const connections = {
  title: "Connections",
  new: "New connection",
  edit: "Edit",
  editTitle: "Edit connection {{name}}",
  list: "Connections",
  target: "Target",
  authentication: "Authentication",
  metadata: "Metadata",
  masked: "kept encrypted, never shown",
  deleteQuestion: "Connection “{{name}}” and its secrets will be deleted.",
  empty: {
    title: "No connection yet",
    text: "A connection keeps the address and the secrets of a service that jobs use: a Git server, a package feed, a registry, a store.",
  },
};
