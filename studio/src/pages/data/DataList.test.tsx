import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import { Component } from "@/pages/data/DataList";

afterEach(() => vi.unstubAllGlobals());

const creation_context = { created_at: "2026-01-01T00:00:00Z", last_modified_at: "2026-01-02T00:00:00Z" };
const diabetes = {
  name: "diabetes",
  description: null,
  tags: {},
  labels: {},
  stages: {},
  versions: 3,
  archived: false,
  latest: { name: "diabetes", version: "3", type: "uri_file", tags: { source: "clinic" } },
  creation_context,
};

function answer(value: unknown[]): Record<string, unknown>[] {
  const asked: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_address: string, init?: RequestInit) => {
    asked.push(JSON.parse(String(init?.body)));
    return new Response(JSON.stringify({ value, next: null }));
  });
  return asked;
}

it("asks the server to find and to sort", async () => {
  const asked = answer([diabetes]);
  renderPage(<Component />);
  const link = await screen.findByRole("link", { name: "diabetes" });
  expect(link).toHaveProperty("pathname", "/default/data/diabetes");
  expect(screen.getByText("source: clinic")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Sort by Name" }));
  await vi.waitFor(() => expect(asked.at(-1)).toMatchObject({ order: "-name", text: "" }));
  await userEvent.type(screen.getByRole("textbox"), "clin");
  await vi.waitFor(() => expect(asked.at(-1)).toMatchObject({ text: "clin" }));
});

it("teaches the command when there is none", async () => {
  answer([]);
  renderPage(<Component />);
  expect(await screen.findByText(/lapis data create/)).toBeTruthy();
});
