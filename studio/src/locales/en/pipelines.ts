/** Texts of the pages: pipelines. */
export const pipelines = {
  title: "Pipelines",
};
