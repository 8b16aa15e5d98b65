/** Texts of the pages: jobs. */
export const jobs = {
  title: "Jobs",
};
