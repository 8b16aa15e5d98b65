import { describe, expect, it } from "vitest";
import { cutAtLine, hasSource, hexLines, isBinary, kindOf } from "@/components/files/kinds";
import { readNotebook } from "@/components/files/notebook";
import { findEntry, foldersAbove, type Listing, treeMove, treeRows } from "@/components/files/tree";

const folder = (name: string) => ({ name, is_folder: true, size: null, modified_at: null });
const file = (name: string) => ({ name, is_folder: false, size: 1, modified_at: null });
const listing = (...entries: Listing["entries"] & object): Listing => ({ entries, hasMore: false, error: null });

const LISTINGS = new Map<string, Listing>([
  ["", listing(folder("logs"), folder("out"), file("readme.md"))],
  ["out", { entries: [file("a.png"), folder("deep")], hasMore: true, error: null }],
]);

describe("the tree", () => {
  const rows = treeRows(LISTINGS, new Set(["out", "logs"]));
  const at = (path: string) => rows.findIndex((row) => row.kind === "entry" && row.path === path);

  it("shows open folders with what is known of them", () => {
    const lines = rows.map(({ kind, path, level }) => `${level} ${kind} ${path}`);
    expect(lines).toEqual([
      "1 entry logs",
      "2 wait logs",
      "1 entry out",
      "2 entry out/a.png",
      "2 entry out/deep",
      "2 more out",
      "1 entry readme.md",
    ]);
    expect(findEntry(LISTINGS, "out/a.png")?.path).toBe("out/a.png");
    expect(findEntry(LISTINGS, "out/b.png")).toBeNull();
    expect(foldersAbove("a/b/c.txt")).toEqual(["a", "a/b"]);
  });

  it("moves as trees do", () => {
    expect(treeMove("ArrowLeft", rows, at("out/a.png"))).toEqual({ to: at("out") });
    expect(treeMove("ArrowLeft", rows, at("out"))).toEqual({ toggle: "out" });
    expect(treeMove("ArrowRight", rows, at("out"))).toEqual({ to: at("out/a.png") });
    expect(treeMove("ArrowRight", rows, at("out/deep"))).toEqual({ toggle: "out/deep" });
    expect(treeMove("End", rows, 0)).toEqual({ to: rows.length - 1 });
    expect(treeMove("r", rows, at("out"))).toEqual({ to: at("readme.md") });
    expect(treeMove("z", rows, 0)).toBeNull();
  });
});

describe("what a file is", () => {
  it.each([
    ["x/plot.PNG", "image"],
    ["MLmodel", "text"],
    ["data.parquet", "table"],
    ["report.html", "html"],
    ["model.pkl", "unknown"],
  ])("%s is shown as %s", (name, kind) => expect(kindOf(name)).toBe(kind));

  it("has a source when it is written as text", () => {
    expect([hasSource("table", "a.csv"), hasSource("table", "a.parquet"), hasSource("image", "a.png")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("is cut where a line ends, never within a letter", () => {
    expect(cutAtLine(new TextEncoder().encode("one\ntwo"))).toBe(4);
    const letters = new TextEncoder().encode("日本").subarray(0, 5);
    expect(new TextDecoder("utf-8", { fatal: true }).decode(letters.subarray(0, cutAtLine(letters)))).toBe("日");
  });

  it("shows bytes that are no text", () => {
    const bytes = new Uint8Array([0, 65, 255]);
    expect(isBinary(bytes)).toBe(true);
    expect(hexLines(bytes)).toMatch(/^00000000 {2}00 41 ff {41}\.A\.$/);
  });
});

it("takes from a notebook only what can do nothing", () => {
  const html = {
    output_type: "display_data",
    data: { "text/html": ["<script>bad()</script>"], "text/plain": ["a table"] },
  };
  const png = { output_type: "display_data", data: { "image/png": "aGk=\n", "text/html": "<b>" } };
  const error = { output_type: "error", ename: "E", evalue: "v", traceback: ["\u001b[31mred\u001b[0m"] };
  const cells = [{ cell_type: "code", source: ["a\n", "b"], execution_count: 3, outputs: [html, png, error] }];
  const book = readNotebook(JSON.stringify({ nbformat: 4, metadata: {}, cells }));
  expect(book.cells[0]).toEqual({
    kind: "code",
    source: "a\nb",
    count: 3,
    outputs: [
      { kind: "withheld", what: "text/html", text: "a table" },
      { kind: "image", address: "data:image/png;base64,aGk=" },
      { kind: "error", text: "red" },
    ],
  });
  expect(() => readNotebook("[]")).toThrow();
});
