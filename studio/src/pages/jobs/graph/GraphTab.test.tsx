import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import GraphTab from "@/pages/jobs/graph/GraphTab";
import { appended } from "@/pages/jobs/graph/log-tail";
import { graph, step } from "@/pages/jobs/graph/samples";

afterEach(() => vi.unstubAllGlobals());

const failed = { step: "deep", job: "p--nested--deep", type: "command", reason: "" };
const outer = graph(
  [
    step("make", { reused_from: "earlier--make" }),
    step("nested", { type: "pipeline", status: "Failed", reason: "Step 'deep' failed." }),
    step("last", { job: null, tries: 0, status: "NotStarted", needs: ["nested"] }),
  ],
  { cause: [{ step: "nested", job: "p--nested", type: "pipeline", reason: "" }, failed] },
);
const inner = graph(
  [step("deep", { job: failed.job, status: "Failed", reason: "Exit code 3.\nLast lines of a:\nboom" })],
  {
    name: "p--nested",
  },
);

function serve(): void {
  const answers: [RegExp, () => Response][] = [
    [/p\/graph$/, () => Response.json(outer)],
    [/p--nested\/graph$/, () => Response.json(inner)],
    [/logs\/lines/, () => Response.json({ value: ["before", "boom"], end: 12 })],
    [/logs\/follow/, () => new Response('{"log":"later\\n","offset":18}\n{"end":true}\n')],
    [/outputs$/, () => Response.json({ value: [] })],
    [/jobs\/p--/, () => Response.json({ name: "x", inputs: { rate: 0.1 } })],
  ];
  vi.stubGlobal("fetch", async (url: string) => {
    const found = answers.find(([pattern]) => pattern.test(new URL(url, "http://x").pathname));
    return found ? found[1]() : new Response("{}", { status: 404 });
  });
}

it("leads from a failed pipeline to the log of the step that failed, inside a nested one", {
  timeout: 30_000,
}, async () => {
  serve();
  const subject = { workspace: "default", name: "p", job: null, run: null };
  renderPage(<GraphTab subject={subject} />, "/default/jobs/p?view=list");
  const table = await screen.findByRole("table", { name: "List of steps" });
  expect(within(table).getByText("Reused from earlier--make")).toBeTruthy();
  expect(within(table).getByText("Never started: the pipeline ended before")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "First failed step" }));
  const panel = await screen.findByRole("complementary", { name: "Step deep" });
  expect(within(panel).getByText("Exit code 3.")).toBeTruthy();
  expect(await within(panel).findByText("boom")).toBeTruthy();
  expect(await within(panel).findByText("later")).toBeTruthy();
  expect(await within(panel).findByText("rate")).toBeTruthy();
  expect(within(table).getByText("nested/deep")).toBeTruthy();
});

it("joins pieces of a log that end anywhere", () => {
  expect(["one\ntw", "o", "\nthree\n"].reduce(appended, [""])).toEqual(["one", "two", "three", ""]);
});
