import type { Messages } from "@/locales/messages";

export const models: Messages["models"] = {
  title: "モデル",
};
