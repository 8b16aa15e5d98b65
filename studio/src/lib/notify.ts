import { notifications } from "@mantine/notifications";
import { t } from "i18next";

/** Tells of something that was done, in a corner of the page, for a few seconds. */
export function notify(message: string): void {
  show(message, "teal");
}

/** Tells of a refusal where no dialog stands open that could. */
export function notifyOfError(error: unknown): void {
  show(error instanceof Error ? error.message : String(error), "red");
}

function show(message: string, color: string): void {
  notifications.show({ message, color, closeButtonProps: { "aria-label": t("common:close") } });
}
