"""What a job wrote is looked at in a cage: its scripts reach neither the page, nor the session, nor any network."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.support.browser import Studio

SCRIPT = """
  const tries = {};
  const attempt = async (name, work) => {
    try { tries[name] = String(await work()); } catch (error) { tries[name] = `refused: ${error.name}`; }
  };
  (async () => {
    await attempt("origin", () => self.origin);
    await attempt("cookie", () => document.cookie);
    await attempt("storage", () => localStorage.length);
    await attempt("parent", () => parent.document.title);
    const ask = async (method) => (await fetch("/api/v1/session", {method, credentials: "include"})).status;
    await attempt("api", () => ask("GET"));
    await attempt("change", () => ask("DELETE"));
    await attempt("elsewhere", async () => (await fetch("http://127.0.0.1:1/", {mode: "no-cors"})).type);
    await attempt("picture", () => new Promise((done, fail) => {
      const picture = new Image();
      picture.onload = () => done("loaded");
      picture.onerror = () => fail(new Error("blocked"));
      picture.src = "/studio/lapis.svg";
    }));
    await attempt("window", () => String(window.open("/studio")));
    parent.postMessage(tries, "*");
  })();
"""
FILES = {
    "evil.html": f"<!doctype html><title>evil</title><script>{SCRIPT}</script>",
    "evil.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[{SCRIPT}]]></script></svg>',
}
REFUSED = {"cookie", "storage", "parent", "api", "change", "elsewhere", "picture"}


@pytest.fixture(scope="module")
def run(shared_server: Any) -> str:
    """Return a run whose artifacts are hostile."""
    root = "/mlflow/default/api/2.0"
    made = shared_server.request("POST", f"{root}/mlflow/runs/create", {"experiment_id": "0"})[1]
    run_id = str(made["run"]["info"]["run_id"])
    for name, content in FILES.items():
        path = f"{root}/mlflow-artifacts/artifacts/runs/{run_id}/artifacts/{name}"
        headers = {"Content-Type": "application/octet-stream"}
        assert shared_server.request("PUT", path, content.encode(), headers=headers)[0] == 200
    return run_id


def _address(run: str, name: str) -> str:
    uri = f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{run}/{name}"
    return f"/api/v1/workspaces/default/content/view?uri={quote(uri, safe='')}"


def _framed(page: Page, address: str, sandbox: str | None) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        """([address, sandbox]) => new Promise((done) => {
          addEventListener("message", (event) => done(event.data), {once: true});
          const frame = document.createElement("iframe");
          if (sandbox !== null) frame.setAttribute("sandbox", sandbox);
          frame.src = address;
          document.body.append(frame);
        })""",
        [address, sandbox],
    )
    return found


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("sandbox", ["allow-scripts", None], ids=["in a sandbox", "in a plain frame"])
def test_a_script_in_an_artifact_reaches_nothing(studio: Studio, run: str, name: str, sandbox: str | None) -> None:
    for expected in ("Content Security Policy", "sandbox", "net::ERR", "violates", "Unsafe attempt"):
        studio.allow(expected)
    page = studio.open("/studio/default")
    tries = _framed(page, _address(run, name), sandbox)
    assert tries["origin"] == "null"
    assert {key for key, value in tries.items() if value.startswith("refused")} >= REFUSED, tries
    assert tries["window"] in ("null", "undefined") or tries["window"].startswith("refused")
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 200
    assert len(page.context.pages) == 1


def test_opened_on_its_own_it_has_no_origin_either(studio: Studio, run: str) -> None:
    studio.allow("Content Security Policy")
    studio.allow("sandbox")
    page = studio.open(_address(run, "evil.html"))
    assert page.title() == "evil"
    assert page.evaluate("() => self.origin") == "null"


def test_no_page_of_another_origin_frames_it(studio: Studio, run: str) -> None:
    studio.allow("Content Security Policy")
    studio.allow("frame-ancestors")
    studio.allow("violates")
    studio.allow("net::ERR")
    page = studio.open("/studio/default")
    page.goto("data:text/html,<title>elsewhere</title>")
    page.set_content(f'<iframe src="{studio.server.url}{_address(run, "evil.html")}"></iframe>')
    page.wait_for_function("() => frames.length === 1")
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert frame.title() != "evil"
