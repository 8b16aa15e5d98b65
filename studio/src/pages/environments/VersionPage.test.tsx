import { screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { renderPage } from "@/lib/render";
import { packagesOf } from "@/pages/environments/lock";
import { Component } from "@/pages/environments/VersionPage";

afterEach(() => vi.unstubAllGlobals());

const LOCK = `# Python 3.11.7
numpy==1.26.4 \\
    --hash=sha256:aa
    # via scipy
uvicorn[standard]==0.30.1 ; python_version < "4"
own @ file:///x/own.whl
`;

it("reads the packages of a lock", () => {
  expect(packagesOf(LOCK)).toEqual([
    { name: "numpy", version: "1.26.4" },
    { name: "uvicorn", version: "0.30.1" },
    { name: "own", version: "file:///x/own.whl" },
  ]);
});

it("says what was built and what was not as asked", async () => {
  const version = {
    name: "train-env",
    version: "3",
    tags: {},
    conda_file: { dependencies: ["python=3.11"] },
    creation_context: { created_at: "2026-01-01T00:00:00Z", created_by: "ada" },
  };
  const build = {
    state: "Ready",
    key: "abc",
    resolution: "compatible",
    reason: null,
    python: "3.11.7",
    lock: LOCK,
    log: "done",
    warnings: ["numpy 1.26.3 was asked for; 1.26.4 stands in."],
  };
  vi.stubGlobal(
    "fetch",
    async (path: string) => new Response(JSON.stringify(path.endsWith("/build") ? build : version)),
  );
  renderPage(<Component />);
  expect(await screen.findByText("3.11.7")).toBeTruthy();
  expect(screen.getByText(/1.26.4 stands in/)).toBeTruthy();
  expect(screen.getByText("conda file")).toBeTruthy();
});
