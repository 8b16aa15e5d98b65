import type { Messages } from "@/locales/messages";

export const endpoints: Messages["endpoints"] = {
  title: "エンドポイント",
};
