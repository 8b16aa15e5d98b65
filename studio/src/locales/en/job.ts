/** Texts of the pages: job. */
export const job = {
  title: "Job",
};
