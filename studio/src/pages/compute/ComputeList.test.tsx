import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import { Component } from "@/pages/compute/ComputeList";

afterEach(() => vi.unstubAllGlobals());

const local = { name: "local", capacity: 2, busy: 0, waiting: 0, open: true };
const creation_context = { created_at: "2026-01-01T00:00:00Z", created_by: "ada" };
const cluster = { name: "cpu-cluster", type: "amlcompute", provisioning_state: "Succeeded", creation_context };

function answer(computes: unknown[], lines: unknown[], onSend = (_body: unknown) => new Response("{}")): void {
  vi.stubGlobal("fetch", async (address: string, init?: RequestInit) => {
    if (init?.method === "PUT") return onSend(JSON.parse(String(init.body)));
    const value = address.endsWith("compute-lines") ? lines : computes;
    return new Response(JSON.stringify({ value, next: null }));
  });
}

it("shows what each compute can hold and holds, and who waits", async () => {
  answer([cluster], [local, { name: "cpu-cluster", capacity: 4, busy: 1, waiting: 3, open: true }]);
  renderPage(<Component />);
  const link = await screen.findByRole("link", { name: "cpu-cluster" });
  expect(link).toHaveProperty("pathname", "/default/compute/cpu-cluster");
  expect(screen.getByText("1 / 4")).toBeTruthy();
  expect(screen.getByText("3")).toBeTruthy();
  expect(screen.queryByText(/lapis compute create/)).toBeNull();
});

it("teaches the command when only those are there that always are", async () => {
  answer([], [local]);
  renderPage(<Component />);
  expect(await screen.findByText(/lapis compute create/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "local" })).toBeTruthy();
});

it("makes a cluster, and shows a refusal where it was asked for", async () => {
  const sent: unknown[] = [];
  answer([], [local], (body) => {
    sent.push(body);
    return new Response(JSON.stringify({ error: { code: "DocumentInvalid", message: "No such name." } }), {
      status: 400,
    });
  });
  renderPage(<Component />);
  await userEvent.click(await screen.findByRole("button", { name: "New compute" }));
  await userEvent.type(await screen.findByLabelText(/Name/), "gpu");
  await userEvent.click(screen.getByRole("button", { name: "Create" }));
  expect((await screen.findByRole("alert")).textContent).toContain("No such name.");
  expect(sent).toEqual([{ name: "gpu", type: "amlcompute", min_instances: 0, max_instances: 4 }]);
});
