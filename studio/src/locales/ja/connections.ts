import type { Messages } from "@/locales/messages";

export const connections: Messages["connections"] = {
  title: "接続",
};
