import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import { Component } from "@/pages/jobs/JobList";
import { orderOf, readFilter } from "@/pages/jobs/list/state";

const RUN = {
  run_id: "quiet_reef",
  name: "first try",
  type: "command",
  status: "Completed",
  experiment_id: "1",
  experiment_name: "iris",
  user: "ada",
  parent: null,
  start_time: "2026-01-01T00:00:00Z",
  end_time: "2026-01-01T00:01:00Z",
  archived: false,
  metrics: { acc: 0.9314159, loss: "NaN" },
  params: {},
  tags: {},
};

let asked: { path: string; body: Record<string, unknown> }[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname.replace("/api/v1/workspaces/default", "");
    const body = request.method === "POST" ? ((await request.json()) as Record<string, unknown>) : {};
    asked.push({ path, body });
    return answer(path, body);
  });
});
afterEach(() => vi.unstubAllGlobals());

function answer(path: string, body: Record<string, unknown>): Response {
  if (body.filter === "nonsense") {
    return Response.json(
      { error: { code: "Usage", message: "Invalid clause: expected a comparator." } },
      { status: 400 },
    );
  }
  const answers: Record<string, unknown> = {
    "/runs/columns": { metrics: ["acc", "loss"], params: ["lr"], tags: ["team"] },
    "/runs/search": { value: [RUN], next: null },
    "/runs/count": { total: 2000 },
    "/experiments": { value: [{ id: "1", name: "iris", total: 1, counts: { Completed: 1 } }], next: null },
    "/run-views": { value: [{ name: "best", state: { search: "sort=-metrics.acc" } }], next: null },
  };
  return Response.json(answers[path]);
}

const searches = () => asked.filter(({ path }) => path === "/runs/search").map(({ body }) => body);

it("asks only for the columns that it shows, and shows them", async () => {
  renderPage(<Component />);
  expect(await screen.findByRole("link", { name: "first try" })).toHaveProperty("pathname", "/default/jobs/quiet_reef");
  expect(screen.getByText("0.93142")).toBeTruthy();
  expect(screen.getByText("NaN")).toBeTruthy();
  expect(await screen.findByText("2000 jobs")).toBeTruthy();
  expect(searches().at(-1)).toMatchObject({
    columns: { metrics: ["acc", "loss"], params: [], tags: [] },
    top_level: true,
  });
});

it("sorts in the server", async () => {
  renderPage(<Component />);
  await userEvent.click(await screen.findByRole("button", { name: "Sort by acc" }));
  await waitFor(() => expect(searches().at(-1)).toMatchObject({ order_by: ["metrics.`acc` DESC"] }));
});

it("says at the box what is wrong with a filter", async () => {
  renderPage(<Component />);
  await userEvent.type(await screen.findByRole("textbox", { name: "Filter" }), "nonsense{Enter}");
  expect(await screen.findByText("Invalid clause: expected a comparator.")).toBeTruthy();
});

it("leads from a selection to the comparison", async () => {
  renderPage(<Component />);
  await userEvent.click(await screen.findByRole("checkbox", { name: "Select first try" }));
  expect(await screen.findByText("1 selected")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Compare" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Cancel/ })).toBeNull();
});

it("reads what an address says, and passes over words that mean nothing", () => {
  const filter = readFilter(new URLSearchParams("status=Failed,Nonsense&type=run&view=archived&children=yes"));
  expect(filter).toMatchObject({ statuses: ["Failed"], types: ["run"], view: "archived", top_level: false });
  expect(orderOf({ id: "tags.my team", descending: false })).toBe("tags.`my team` ASC");
  expect(orderOf({ id: "duration", descending: false })).toBeNull();
});
