/** Texts of the pages: datastores. */
export const datastores = {
  title: "Datastores",
};
