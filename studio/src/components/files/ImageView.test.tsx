import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it, vi } from "vitest";
import ImageView from "@/components/files/ImageView";
import { renderPage } from "@/lib/render";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const SOURCE = { workspace: "default", uri: "azureml:x:1", scope: ["default"] };

/** A file that is written again when somebody asks for it. */
function Changing() {
  const [at, setAt] = useState("2026-01-01T00:00:00Z");
  const file = { name: "plot.png", path: "plot.png", is_folder: false, size: 3, modified_at: at };
  return (
    <>
      <button type="button" onClick={() => setAt("2026-01-02T00:00:00Z")}>
        write again
      </button>
      <ImageView source={SOURCE} file={file} />
    </>
  );
}

it("shows an image again that could not be shown before its file was written anew", async () => {
  vi.stubGlobal("fetch", async () => new Response("png", { status: 206, headers: { "content-range": "bytes 0-2/3" } }));
  vi.spyOn(URL, "createObjectURL").mockReturnValueOnce("blob:1").mockReturnValueOnce("blob:2");
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => undefined);
  renderPage(<Changing />);
  fireEvent.error(await screen.findByRole("img", { name: "plot.png" }));
  expect(screen.queryByRole("img")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "write again" }));
  expect((await screen.findByRole("img", { name: "plot.png" })).getAttribute("src")).toBe("blob:2");
});
