import type { Messages } from "@/locales/messages";

export const lineage: Messages["lineage"] = {
  title: "系列",
};
