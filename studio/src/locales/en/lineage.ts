/** Texts of the pages: lineage. */
export const lineage = {
  title: "Lineage",
};
