import { screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import { Component } from "@/pages/compute/ComputeList";

afterEach(() => vi.unstubAllGlobals());

function answer(value: unknown[]): void {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ value, next: null })));
}

it("shows what each compute can hold and holds", async () => {
  const creation_context = { created_at: "2026-01-01T00:00:00Z", created_by: "ada" };
  const common = { type: "amlcompute", provisioning_state: "Succeeded", creation_context };
  answer([{ name: "cpu-cluster", max_instances: 4, running_node_count: 1, ...common }]);
  renderPage(<Component />);
  expect(await screen.findByRole("link", { name: "cpu-cluster" })).toHaveProperty(
    "pathname",
    "/default/compute/cpu-cluster",
  );
  expect(screen.getByText("1 / 4")).toBeTruthy();
});

it("teaches the command when there is none", async () => {
  answer([]);
  renderPage(<Component />);
  expect(await screen.findByText(/lapis compute create/)).toBeTruthy();
});
