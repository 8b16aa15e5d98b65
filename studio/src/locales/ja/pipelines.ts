import type { Messages } from "@/locales/messages";

export const pipelines: Messages["pipelines"] = {
  title: "パイプライン",
};
