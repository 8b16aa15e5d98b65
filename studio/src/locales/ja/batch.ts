import type { Messages } from "@/locales/messages";

export const batch: Messages["batch"] = {
  title: "バッチエンドポイント",
};
