import type { Messages } from "@/locales/messages";

export const compare: Messages["compare"] = {
  title: "比較",
};
