/** Texts of the pages: data. */
export const data = {
  title: "Data",
};
