import type { Messages } from "@/locales/messages";

export const submit: Messages["submit"] = {
  title: "新しいジョブ",
};
