import { act, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { notify, notifyOfError } from "@/lib/notify";
import { renderPage } from "@/lib/render";

it("tells of what was done and of what was refused, each with a button that has a name", async () => {
  renderPage(<p>page</p>);
  act(() => {
    notify("Traffic is on green.");
    notifyOfError(new Error("No."));
  });
  await screen.findByText("Traffic is on green.");
  await screen.findByText("No.");
  expect(screen.getAllByRole("button", { name: "Close" })).toHaveLength(2);
});
