import { screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { DataVersion, Profile } from "@/api/data";
import { renderPage } from "@/lib/render";
import { ProfileTab } from "@/pages/data/profile/ProfileTab";

afterEach(() => vi.unstubAllGlobals());

const data = { name: "d", version: "1", tags: {}, properties: {} } as unknown as DataVersion;
const profile: Profile = {
  rows: 1234,
  whole: false,
  all_columns: 3,
  head: [],
  columns: [
    {
      name: "age",
      type: "Int64",
      kind: "number",
      count: 990,
      missing: 10,
      distinct: 40,
      min: 1,
      max: 90,
      mean: 33.333333,
      quantiles: [2, 20, 31, 45, 80],
      histogram: { edges: [1, 45, 90], counts: [600, 390] },
    },
    {
      name: "city",
      type: "String",
      kind: "text",
      count: 4,
      missing: 0,
      distinct: 2,
      top: [
        { value: "<b>Kyoto</b>", count: 3 },
        { value: "", count: 1 },
      ],
    },
  ],
};

function answer(body: unknown, status = 200): void {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), { status }));
}

it("describes each column with a picture and figures, and says that it saw only a part", async () => {
  answer(profile);
  renderPage(<ProfileTab data={data} />);
  const age = await screen.findByRole("article", { name: "age" });
  expect(within(age).getByRole("img", { name: /spread, from 1 to 90/ })).toBeTruthy();
  expect(within(age).getByText("10 (1 %)")).toBeTruthy();
  expect(within(age).getByText("20 – 45")).toBeTruthy();
  expect(within(screen.getByRole("article", { name: "city" })).getByText("<b>Kyoto</b>")).toBeTruthy();
  expect(screen.getByText(/The first 1,234 rows, 3 columns/).textContent).toContain("first 2 of 3 columns");
});

it("takes what is no table for no fault", async () => {
  answer({ error: { code: "NotSupported", message: "'x.bin' holds no table.", hint: "Tables end in .csv." } }, 400);
  renderPage(<ProfileTab data={data} />);
  expect(await screen.findByText("There is no table to describe")).toBeTruthy();
  expect(screen.getByText(/holds no table/)).toBeTruthy();
});
