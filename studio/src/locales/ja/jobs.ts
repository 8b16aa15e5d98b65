import type { Messages } from "@/locales/messages";

export const jobs: Messages["jobs"] = {
  title: "ジョブ",
};
