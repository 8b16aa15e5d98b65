import { render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider, useLocation } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeQueryClient, Providers } from "@/app/providers";
import { Component } from "@/pages/jobs/ExperimentPage";

afterEach(() => vi.unstubAllGlobals());

function Runs() {
  const { pathname, search } = useLocation();
  return <p>{pathname + search}</p>;
}

function open(name: string): void {
  const value = [{ id: "7", name: "my iris", total: 1, counts: {} }];
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ value, next: null }), { status: 200 }));
  const routes = [
    { path: "/:ws/experiments/:name", element: <Component /> },
    { path: "/:ws/jobs", element: <Runs /> },
  ];
  const router = createMemoryRouter(routes, { initialEntries: [`/w/experiments/${encodeURIComponent(name)}`] });
  render(
    <Providers queries={makeQueryClient()}>
      <RouterProvider router={router} />
    </Providers>,
  );
}

it("leads from an experiment's name to its runs", async () => {
  open("my iris");
  expect(await screen.findByText("/w/jobs?experiment=7&children=yes")).toBeTruthy();
});

it("says so when there is no such experiment", async () => {
  open("gone");
  expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeTruthy();
});
