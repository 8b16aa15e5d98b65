import type { Messages } from "@/locales/messages";

export const components: Messages["components"] = {
  title: "コンポーネント",
};
