import i18next from "i18next";
import { expect, it } from "vitest";
import { triggerWords } from "@/pages/schedules/trigger";

const words = (trigger: unknown) => triggerWords(i18next.getFixedT("en", "schedules"), trigger, "en");

it("says when a schedule fires", () => {
  expect(words({ type: "cron", expression: "0 8 * * 1" })).toBe("Cron expression 0 8 * * 1");
  expect(words({ type: "recurrence", frequency: "day", interval: 1 })).toBe("Every day");
  expect(words({ type: "recurrence", frequency: "hour", interval: 6 })).toBe("Every 6 hours");
  const schedule = { hours: [8, 20], minutes: 30, week_days: ["monday", "friday"] };
  expect(words({ type: "recurrence", frequency: "week", interval: 2, schedule })).toBe(
    "Every 2 weeks on Monday, Friday at 08:30, 20:30",
  );
  expect(words(undefined)).toContain("Every");
});
