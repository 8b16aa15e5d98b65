import type { Messages } from "@/locales/messages";

export const schedules: Messages["schedules"] = {
  title: "スケジュール",
};
