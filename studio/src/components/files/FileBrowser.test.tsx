import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { FileBrowser } from "@/components/files/FileBrowser";
import { renderPage } from "@/lib/render";

afterEach(() => vi.unstubAllGlobals());

const FOLDERS: Record<string, unknown[]> = {
  "": [
    { name: "out", is_folder: true, size: null, modified_at: null },
    { name: "<b>odd</b>.md", is_folder: false, size: 9, modified_at: null },
  ],
  out: [{ name: "notes.md", is_folder: false, size: 9, modified_at: null }],
};

function serve(): void {
  vi.stubGlobal("fetch", async (path: string) => {
    const asked = new URL(path, "http://x").searchParams.get("path") ?? "";
    if (path.includes("/children")) return new Response(JSON.stringify({ value: FOLDERS[asked], next: null }));
    return new Response("# Heading", { status: 206, headers: { "content-range": "bytes 0-8/9" } });
  });
}

it("opens folders and shows files by keyboard alone", { timeout: 20_000 }, async () => {
  serve();
  const person = userEvent.setup();
  renderPage(<FileBrowser source={{ workspace: "default", uri: "azureml:x:1", scope: ["default"] }} label="Files" />);
  expect(await screen.findByText("<b>odd</b>.md")).toBeTruthy();
  expect(screen.getByRole("treeitem", { name: /out/ }).getAttribute("aria-expanded")).toBe("false");
  screen.getByRole("tree", { name: "Files" }).focus();
  await person.keyboard("{ArrowRight}");
  const file = await screen.findByRole("treeitem", { name: /notes\.md/ });
  expect(file.getAttribute("aria-level")).toBe("2");
  await person.keyboard("{ArrowDown}{Enter}");
  expect(await screen.findByRole("heading", { name: "Heading" }, { timeout: 15_000 })).toBeTruthy();
  const kept = screen.getByRole("link", { name: "Download" }) as HTMLAnchorElement;
  expect(new URL(kept.href).searchParams.get("path")).toBe("out/notes.md");
});

it("opens the way to the file that the address names", async () => {
  serve();
  const source = { workspace: "default", uri: "azureml:x:1", scope: ["default"] };
  renderPage(<FileBrowser source={source} label="Files" />, "/default?file=out%2Fnotes.md");
  expect((await screen.findByRole("treeitem", { name: /notes\.md/ })).getAttribute("aria-selected")).toBe("true");
});
