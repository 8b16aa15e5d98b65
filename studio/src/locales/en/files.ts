/** Texts of the pages: files. */
export const files = {
  title: "Files",
};
