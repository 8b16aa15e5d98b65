import type { Messages } from "@/locales/messages";

export const home: Messages["home"] = {
  title: "ホーム",
};
