import { fireEvent, render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeQueryClient, Providers } from "@/app/providers";
import { PipelineTable } from "@/pages/pipelines/PipelineTable";

const LOADING_MS = 600;

afterEach(() => vi.unstubAllGlobals());

it("lets a step to another page be, however soon it follows what is typed", async () => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ value: [], next: null }), { status: 200 }));
  const job = { element: <p>the job</p> };
  const routes = [
    { path: "/:ws/pipelines", element: <PipelineTable /> },
    { path: "/:ws/jobs/:name", lazy: () => new Promise<typeof job>((loaded) => setTimeout(loaded, LOADING_MS, job)) },
  ];
  const router = createMemoryRouter(routes, { initialEntries: ["/w/pipelines"] });
  render(
    <Providers queries={makeQueryClient()}>
      <RouterProvider router={router} />
    </Providers>,
  );
  fireEvent.change(await screen.findByLabelText("Find by name or experiment"), { target: { value: "iris" } });
  void router.navigate("/w/jobs/iris");
  expect(await screen.findByText("the job", undefined, { timeout: 5 * LOADING_MS })).toBeTruthy();
});
