/** Texts of the pages: home. */
export const home = {
  title: "Home",
};
