/** Texts of the pages: batch endpoints. */
export const batch = {
  title: "Batch endpoints",
};
