import type { Messages } from "@/locales/messages";

export const sweeps: Messages["sweeps"] = {
  title: "スイープ",
};
