import type { Messages } from "@/locales/messages";

export const files: Messages["files"] = {
  title: "ファイル",
};
