/** Texts of the pages: new job. */
export const submit = {
  title: "New job",
};
