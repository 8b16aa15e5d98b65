import type { Messages } from "@/locales/messages";

export const data: Messages["data"] = {
  title: "データ",
};
