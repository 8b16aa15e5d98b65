/** Texts of the pages: endpoints. */
export const endpoints = {
  title: "Endpoints",
};
