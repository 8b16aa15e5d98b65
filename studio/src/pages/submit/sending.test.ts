import { afterEach, expect, it, vi } from "vitest";
import { sendFiles, wantedFiles, withAddress } from "@/pages/submit/sending";

afterEach(() => vi.unstubAllGlobals());

function file(path: string, content = path): File {
  const made = new File([content], path.slice(path.lastIndexOf("/") + 1));
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  made.arrayBuffer = async () => new TextEncoder().encode(content).buffer as ArrayBuffer;
  made.text = async () => content;
  return made;
}

it("leaves at home what the folder's rules name, and what is never code", async () => {
  const chosen = await wantedFiles([
    file("src/train.py"),
    file("src/.gitignore", "data/\n*.env\n"),
    file("src/data/big.csv"),
    file("src/secret.env"),
    file("src/pkg/__pycache__/x.pyc"),
  ]);
  expect(chosen.map(({ path }) => path)).toEqual(["train.py", ".gitignore"]);
});

it("takes the rules of .amlignore where there are both", async () => {
  const chosen = await wantedFiles([
    file("s/a.txt"),
    file("s/.amlignore", "b.txt"),
    file("s/.gitignore", "a.txt"),
    file("s/b.txt"),
  ]);
  expect(chosen.map(({ path }) => path)).toEqual(["a.txt", ".gitignore"]);
});

it("sends each content that the server lacks once, then completes", async () => {
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (address: string, init?: RequestInit) => {
    calls.push(`${init?.method} ${address.split("/uploads")[1]}`);
    if (init?.method === "PUT") return new Response(null, { status: 204 });
    const isDone = address.endsWith("/complete");
    const missing = isDone
      ? []
      : JSON.parse(String(init?.body)).manifest.files.map((one: { sha256: string }) => one.sha256);
    return new Response(JSON.stringify({ digest: "d", missing: [...new Set(missing)], uri: "azureml://codes/d" }));
  });
  const chosen = [file("s/a", "same"), file("s/b", "same"), file("s/c", "other")].map((one) => ({
    path: one.name,
    file: one,
  }));
  const shares: number[] = [];
  expect(await sendFiles("w", "code", "s", chosen, (share) => shares.push(share))).toBe("azureml://codes/d");
  expect(calls.filter((call) => call.startsWith("PUT"))).toHaveLength(2);
  expect(calls.at(-1)).toBe("POST /d/complete");
  expect(shares.at(-1)).toBe(1);
});

it("puts an address where the path stood, and leaves the document as it was", () => {
  const document = { jobs: { train: { code: "./src" } } };
  expect(withAddress(document, ["jobs", "train", "code"], "azureml://codes/d")).toEqual({
    jobs: { train: { code: "azureml://codes/d" } },
  });
  expect(document.jobs.train.code).toBe("./src");
});
