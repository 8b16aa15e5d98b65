/** Texts of the pages: compare. */
export const compare = {
  title: "Compare",
};
