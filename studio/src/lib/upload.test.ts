import { afterEach, expect, it, vi } from "vitest";
import { chosenFiles, upload } from "@/lib/upload";

afterEach(() => {
  vi.unstubAllGlobals();
});

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

function file(path: string, content = path): File {
  const made = new File([content], path.slice(path.lastIndexOf("/") + 1));
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  made.text = async () => content;
  return made;
}

/** Takes what is sent, and says that all of it is gone. */
function sender(calls: string[]) {
  return class {
    status = 201;
    upload: { onprogress?: (event: { loaded: number }) => void } = {};
    onload = () => {};
    onloadend = () => {};
    open(method: string, address: string) {
      calls.push(`${method} ${address.split("/uploads")[1]}`);
    }
    send(body: Blob) {
      this.upload.onprogress?.({ loaded: body.size });
      this.onload();
      this.onloadend();
    }
  };
}

function serve(answers: string[][]): { calls: string[]; manifests: unknown[] } {
  const seen = { calls: [] as string[], manifests: [] as unknown[] };
  vi.stubGlobal("XMLHttpRequest", sender(seen.calls));
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    seen.calls.push(`${init.method} ${address.split("/uploads")[1]}`);
    seen.manifests.push(JSON.parse(String(init.body)).manifest);
    return new Response(JSON.stringify({ digest: "d", missing: answers.shift() ?? [], uri: "azureml://x" }));
  });
  return seen;
}

it("sends each content that is missing once, and gives the address of the whole", async () => {
  const { calls, manifests } = serve([[ABC], []]);
  const files = [
    { path: "a.txt", file: new Blob(["abc"]) },
    { path: "b/empty.txt", file: new Blob([]) },
    { path: "b/a.txt", file: new Blob(["abc"]) },
  ];
  const parts: string[] = [];
  const onProgress = ({ phase, part }: { phase: string; part: number }) => parts.push(`${phase} ${part}`);
  expect(await upload("w", { files, basename: "folder", purpose: "data", onProgress })).toBe("azureml://x");
  expect(calls).toEqual(["POST ", `PUT /blobs/${ABC}`, "POST /d/complete"]);
  expect(manifests[0]).toEqual({
    files: [
      { path: "a.txt", size: 3, sha256: ABC, mode: "644" },
      { path: "b/empty.txt", size: 0, sha256: EMPTY, mode: "644" },
      { path: "b/a.txt", size: 3, sha256: ABC, mode: "644" },
    ],
  });
  expect(parts.at(-1)).toBe("sending 1");
});

it("sends again what went missing, and ends when it is told to", async () => {
  const { calls } = serve([[ABC], [ABC], []]);
  const given = { files: [{ path: "a", file: new Blob(["abc"]) }], basename: "f", purpose: "code" as const };
  await upload("w", { ...given, onProgress: () => {} });
  expect(calls.filter((call) => call.startsWith("PUT"))).toHaveLength(2);
  const stop = new AbortController();
  stop.abort();
  await expect(upload("w", { ...given, onProgress: () => {}, signal: stop.signal })).rejects.toBe(stop.signal.reason);
});

it("knows a file from a folder, and leaves at home what the folder's rules name", async () => {
  const one = new File(["x"], "x.csv");
  expect(await chosenFiles([one])).toEqual({ files: [{ path: "x.csv", file: one }], basename: "x.csv" });
  const { files, basename } = await chosenFiles([
    file("src/train.py"),
    file("src/.gitignore", "data/\n*.env\n"),
    file("src/data/big.csv"),
    file("src/secret.env"),
    file("src/pkg/__pycache__/x.pyc"),
  ]);
  expect([basename, ...files.map(({ path }) => path)]).toEqual(["src", "train.py", ".gitignore"]);
});

it("takes the rules of .amlignore where there are both", async () => {
  const given = [file("s/a.txt"), file("s/.amlignore", "b.txt"), file("s/.gitignore", "a.txt"), file("s/b.txt")];
  expect((await chosenFiles(given)).files.map(({ path }) => path)).toEqual(["a.txt", ".gitignore"]);
});
