import { configure, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeQueryClient, Providers } from "@/app/providers";
import { Component } from "@/pages/jobs/job/JobPage";

configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => vi.unstubAllGlobals());

const JOB = {
  name: "quiet_owl",
  type: "command",
  display_name: "train <b>fast</b>",
  experiment_name: "diabetes",
  command: "python train.py",
  inputs: { data: { type: "uri_file", path: "azureml:diabetes:3", mode: "ro_mount" }, depth: 4 },
  parent_job_name: null,
  step: null,
  status: "Failed",
  status_code: "UserScriptFailed",
  status_reason: "The command ended with exit code 1.\nLast lines of user_logs/std_log.txt:\nValueError: no data",
  exit_code: 1,
  warnings: [],
  properties: {},
  tags: { team: "north" },
  creation_context: { created_at: "2026-01-01T00:00:00Z", created_by: "ada" },
  start_time: "2026-01-01T00:00:05Z",
  end_time: "2026-01-01T00:00:20Z",
  archived: false,
};
const RUN = {
  info: {
    run_id: "quiet_owl",
    run_name: "outside",
    experiment_id: "7",
    user_id: "ben",
    status: "FINISHED",
    start_time: 5,
    end_time: 9,
    lifecycle_stage: "active",
  },
  data: { metrics: [], params: [{ key: "depth", value: "4" }], tags: [{ key: "team", value: "south" }] },
};
const EVENTS = [
  { seq: 1, at: "2026-01-01T00:00:00Z", before: "", status: "Queued", code: "Queued", reason: "Queued for local." },
];

type Answers = Record<string, unknown>;
const sent: { path: string; method: string; body: unknown }[] = [];

function serve(answers: Answers): void {
  sent.length = 0;
  vi.stubGlobal("fetch", async (address: string, init?: RequestInit) => {
    const path = address.split("?")[0] ?? "";
    sent.push({ path, method: init?.method ?? "GET", body: init?.body ? JSON.parse(String(init.body)) : null });
    const found = Object.entries(answers).find(([ending]) => path.endsWith(ending));
    if (!found) return new Response(JSON.stringify({ error: { code: "NotFound", message: "none" } }), { status: 404 });
    return new Response(JSON.stringify(found[1]));
  });
}

function show(address = "/default/jobs/quiet_owl") {
  const router = createMemoryRouter([{ path: "/:ws/jobs/:name", element: <Component /> }], {
    initialEntries: [address],
  });
  return render(
    <Providers queries={makeQueryClient()}>
      <RouterProvider router={router} />
    </Providers>,
  );
}

it("says what a failed job is, why it failed, and what its last lines were", async () => {
  serve({
    "/jobs/quiet_owl/events": { value: EVENTS },
    "/jobs/quiet_owl/outputs": { value: [] },
    "/jobs/quiet_owl": JOB,
    "/runs/get": { run: RUN },
  });
  show();
  expect(await screen.findByRole("heading", { level: 1, name: "train <b>fast</b>" })).toBeTruthy();
  expect(screen.getByText("The command ended with exit code 1.")).toBeTruthy();
  expect(await screen.findByText("ValueError: no data")).toBeTruthy();
  expect(await screen.findByRole("link", { name: "azureml:diabetes:3" })).toHaveProperty(
    "pathname",
    "/default/data/diabetes/3",
  );
  expect(screen.getByRole("link", { name: "Edit and resubmit" })).toHaveProperty("search", "?from=quiet_owl");
  expect(await screen.findByText("Queued for local.")).toBeTruthy();
});

it("changes tags in place", async () => {
  serve({
    "/jobs/quiet_owl/events": { value: EVENTS },
    "/jobs/quiet_owl/outputs": { value: [] },
    "/jobs/quiet_owl": JOB,
    "/runs/get": { run: RUN },
  });
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Edit tags" }));
  const value = screen.getByRole("textbox", { name: "Value" });
  await userEvent.clear(value);
  await userEvent.type(value, "west");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  const change = sent.find(({ method }) => method === "PATCH");
  expect(change?.body).toEqual({ tags: { team: "west" } });
});

it("shows a run that is no job with the same page", async () => {
  serve({ "/runs/get": { run: RUN }, "/experiments/get": { experiment: { name: "from outside" } } });
  show();
  expect(await screen.findByRole("heading", { level: 1, name: "outside" })).toBeTruthy();
  expect(await screen.findByRole("link", { name: "from outside" })).toHaveProperty("search", "?experiment=7");
  expect(screen.queryByRole("tab", { name: "Log" })).toBeNull();
  expect(screen.queryByRole("link", { name: "Edit and resubmit" })).toBeNull();
});
