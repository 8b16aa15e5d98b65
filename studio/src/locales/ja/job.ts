import type { Messages } from "@/locales/messages";

export const job: Messages["job"] = {
  title: "ジョブ",
};
