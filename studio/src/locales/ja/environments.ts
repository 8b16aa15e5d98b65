import type { Messages } from "@/locales/messages";

export const environments: Messages["environments"] = {
  title: "環境",
};
