/** Texts of the pages: components. */
export const components = {
  title: "Components",
};
