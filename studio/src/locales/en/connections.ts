/** Texts of the pages: connections. */
export const connections = {
  title: "Connections",
};
