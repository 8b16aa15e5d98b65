import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Model } from "@/api/models";
import { renderPage } from "@/lib/render";
import { Component } from "@/pages/models/ModelList";

afterEach(() => vi.unstubAllGlobals());

const asked: unknown[] = [];

function answer(value: Model[]): void {
  asked.length = 0;
  vi.stubGlobal("fetch", async (_: string, init?: RequestInit) => {
    if (init?.body) asked.push(JSON.parse(String(init.body)));
    return new Response(JSON.stringify({ value, next: null }));
  });
}

const context = { created_at: "2026-01-01T00:00:00Z", created_by: "ada", last_modified_at: "2026-01-02T00:00:00Z" };
const ridge: Model = {
  name: "ridge",
  description: null,
  tags: {},
  labels: { champion: "2" },
  stages: { Production: "1" },
  versions: 3,
  archived: false,
  latest: {
    name: "ridge",
    version: "3",
    type: "mlflow_model",
    path: "",
    tags: {},
    properties: {},
    job_name: "calm_fern",
    creation_context: context,
  },
  creation_context: context,
};

it("shows what each model has, with links to its page, its newest version and its job", async () => {
  answer([ridge]);
  renderPage(<Component />);
  expect(await screen.findByRole("link", { name: "ridge" })).toHaveProperty("pathname", "/default/models/ridge");
  expect(screen.getByRole("link", { name: "3" })).toHaveProperty("pathname", "/default/models/ridge/3");
  expect(screen.getByRole("link", { name: "calm_fern" })).toHaveProperty("pathname", "/default/jobs/calm_fern");
  expect(screen.getByText("champion: 2")).toBeTruthy();
  expect(screen.getByText("Production: 1")).toBeTruthy();
});

it("lets the server search and sort", async () => {
  answer([ridge]);
  renderPage(<Component />);
  await userEvent.type(await screen.findByRole("textbox"), "blue");
  await userEvent.click(await screen.findByRole("button", { name: "Sort by Name" }));
  await vi.waitFor(() => expect(asked.at(-1)).toMatchObject({ text: "blue", order: "-name", archived: "active" }));
});

it("teaches the command when there is none, and says when nothing matches", async () => {
  answer([]);
  renderPage(<Component />);
  expect(await screen.findByText(/lapis model create/)).toBeTruthy();
  await userEvent.type(screen.getByRole("textbox"), "x");
  expect(await screen.findByText("Nothing matches")).toBeTruthy();
});
