import { type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { makeQueryClient, Providers } from "@/app/providers";

/** Renders a part of the page in a test, with everything that pages stand in, at an address. */
export function renderPage(page: ReactNode, address = "/default"): RenderResult {
  const router = createMemoryRouter([{ path: "/:ws?/*", element: page }], { initialEntries: [address] });
  return render(
    <Providers queries={makeQueryClient()}>
      <RouterProvider router={router} />
    </Providers>,
  );
}
