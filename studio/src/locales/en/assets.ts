/** Texts that the pages of all assets share. */
export const assets = {
  archiveQuestion: "Version {{version}} of “{{name}}” will be hidden from lists. What names it goes on using it.",
  deleteQuestion: "Version {{version}} of “{{name}}” will be deleted for good. Jobs that used it stay.",
  newVersion: "New version",
};
