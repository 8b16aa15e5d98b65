import { screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { JobLine, Overview } from "@/api/overview";
import { renderPage } from "@/lib/render";
import { healthOf } from "@/pages/home/EndpointRows";
import { Component } from "@/pages/home/HomePage";

afterEach(() => vi.unstubAllGlobals());

const none = { value: [], total: 0 };
const overview: Overview = {
  running: none,
  waiting: none,
  failed: none,
  latest: none,
  endpoints: [],
  models: [],
  computes: [{ name: "local", capacity: 2, busy: 1, waiting: 0, open: true }],
  server: {
    version: "1",
    started_at: "2026-01-01T00:00:00Z",
    database: "sqlite",
    disk_free: 50,
    disk_total: 100,
    read_only: false,
    memory_free: 1,
    memory_total: 2,
    processors: 2,
    load: 0.5,
  },
};

function job(name: string, status: string): JobLine {
  const when = "2026-01-01T00:00:00Z";
  return {
    name,
    display_name: name,
    experiment_name: "e",
    type: "command",
    status,
    code: "X",
    reason: `why ${name}`,
    parent_job_name: null,
    compute: "local",
    nodes: 1,
    created_at: when,
    started_at: when,
    ended_at: null,
  };
}

function answer(body: Overview): void {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body)));
}

it("shows what runs, and of what waits and failed the reason", async () => {
  const latest = { value: [job("a", "Running")], total: 1 };
  const waiting = { value: [job("b", "Queued")], total: 9 };
  answer({ ...overview, running: latest, waiting, failed: { value: [job("c", "Failed")], total: 1 }, latest });
  renderPage(<Component />);
  const list = await screen.findByRole("list", { name: "Waiting" });
  expect(within(list).getByText("why b")).toBeTruthy();
  expect(screen.getByText("and 8 more")).toBeTruthy();
  expect(screen.queryByText("why a")).toBeNull();
  expect(screen.getByRole("link", { name: "c" })).toHaveProperty("pathname", "/default/jobs/c");
});

it("teaches the first commands where nothing has happened yet", async () => {
  answer(overview);
  renderPage(<Component />);
  expect(await screen.findByText(/lapis job create -f job.yml/)).toBeTruthy();
});

it("says that the disk is full", async () => {
  answer({ ...overview, server: { ...overview.server, read_only: true } });
  renderPage(<Component />);
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full");
});

it("tells an endpoint's health from its deployments", () => {
  const deployment = { name: "blue", state: "Succeeded", ready: 1, wanted: 1, traffic: 100, reason: null };
  const endpoint = { noun: "online-endpoints", name: "e", state: "Succeeded", error: null, deployments: [deployment] };
  expect(healthOf(endpoint)).toBe("Healthy");
  expect(healthOf({ ...endpoint, deployments: [{ ...deployment, ready: 0 }] })).toBe("Unhealthy");
  expect(healthOf({ ...endpoint, deployments: [{ ...deployment, state: "Creating", traffic: 0 }] })).toBe("Creating");
});
