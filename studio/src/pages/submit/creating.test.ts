import { afterEach, expect, it, vi } from "vitest";
import { create } from "@/pages/submit/creating";

afterEach(() => vi.unstubAllGlobals());

function serve(answers: Record<string, unknown>): string[] {
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (address: string, init?: RequestInit) => {
    const call = `${init?.method ?? "GET"} ${address.replace("/api/v1/workspaces/w/", "")}`;
    calls.push(call);
    return new Response(JSON.stringify(answers[call] ?? {}));
  });
  return calls;
}

it("leads to the page of what was made", async () => {
  serve({ "POST environments": { name: "e", version: "3" } });
  expect(await create("w", "environment", "e", {}, false)).toBe("/w/environments/e/3");
  expect(await create("w", "job", "j", {}, false)).toBe("/w/jobs/j");
});

it("replaces a schedule only where that is meant", async () => {
  const calls = serve({ "GET schedules?limit=1000": { value: [{ name: "nightly" }] } });
  await expect(create("w", "schedule", "nightly", {}, false)).rejects.toThrow("nightly");
  expect(calls).toEqual(["GET schedules?limit=1000"]);
  expect(await create("w", "schedule", "nightly", {}, true)).toBe("/w/schedules/nightly");
  expect(calls.at(-1)).toBe("PUT schedules/nightly");
});
