import { afterEach, expect, it, vi } from "vitest";
import { chosenFiles, upload } from "@/lib/upload";

afterEach(() => vi.unstubAllGlobals());

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

it("sends what is missing, once, and gives the address of the content", async () => {
  const calls: string[] = [];
  let manifest: unknown;
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    calls.push(`${init.method} ${address.replace("/api/v1/workspaces/w/", "")}`);
    if (address.endsWith("/uploads")) manifest = JSON.parse(String(init.body)).manifest;
    return new Response(JSON.stringify({ digest: "d", missing: [ABC], uri: "azureml://x" }));
  });
  const files = [
    { path: "a.txt", file: new Blob(["abc"]) },
    { path: "b/empty.txt", file: new Blob([]) },
  ];
  const seen: string[] = [];
  expect(await upload("w", files, "folder", ({ phase }) => seen.push(phase))).toBe("azureml://x");
  expect(calls).toEqual(["POST uploads", `PUT uploads/blobs/${ABC}`, "POST uploads/d/complete"]);
  expect(manifest).toEqual({
    files: [
      { path: "a.txt", size: 3, sha256: ABC, mode: "644" },
      { path: "b/empty.txt", size: 0, sha256: EMPTY, mode: "644" },
    ],
  });
  expect(new Set(seen)).toEqual(new Set(["reading", "sending"]));
});

it("knows a file from a folder", () => {
  const file = new File(["x"], "x.csv");
  expect(chosenFiles([file])).toEqual({ files: [{ path: "x.csv", file }], basename: "x.csv" });
  const inside = Object.defineProperty(new File(["x"], "x.csv"), "webkitRelativePath", { value: "top/a/x.csv" });
  expect(chosenFiles([inside])).toEqual({ files: [{ path: "a/x.csv", file: inside }], basename: "top" });
});
