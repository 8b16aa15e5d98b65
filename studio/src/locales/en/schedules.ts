/** Texts of the pages: schedules. */
export const schedules = {
  title: "Schedules",
};
