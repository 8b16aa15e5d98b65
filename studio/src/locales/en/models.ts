/** Texts of the pages: models. */
export const models = {
  title: "Models",
};
