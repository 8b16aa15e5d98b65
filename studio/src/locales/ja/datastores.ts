import type { Messages } from "@/locales/messages";

export const datastores: Messages["datastores"] = {
  title: "データストア",
};
