/** Texts of the pages: environments. */
export const environments = {
  title: "Environments",
};
