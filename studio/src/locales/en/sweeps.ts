/** Texts of the pages: sweeps. */
export const sweeps = {
  title: "Sweeps",
};
