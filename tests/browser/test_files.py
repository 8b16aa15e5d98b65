"""What jobs left, looked at in the page: everything is shown, and nothing of it runs."""

from __future__ import annotations

import json
import struct
import uuid
import zlib
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Studio, axe, shot
from tests.support.server import LapisServer

expect.set_options(timeout=15_000)

SCRIPT = "try{top.ran=1}catch{};fetch('/api/v1/session',{method:'DELETE'}).catch(()=>0)"
EVIL = f'<img src=x onerror="try{{top.ran=1}}catch{{}}"><script>{SCRIPT}</script>'
HTML_OUTPUT = {"output_type": "display_data", "metadata": {}, "data": {"text/html": EVIL, "text/plain": "a frame"}}
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="try{top.ran=1}catch(e){}">
<rect width="40" height="40"/><script>try{top.ran=1}catch(e){}</script><image href="http://127.0.0.1:1/x.png"/></svg>"""
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"language_info": {"name": "python"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": f"# Findings\n{EVIL} [link](javascript:top.ran=1)"},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "import os", "outputs": [HTML_OUTPUT]},
    ],
}
NAME = "<img src=x onerror=top.ran=1>.txt"


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(range(0, 192, 3)) for _ in range(32))
    head = struct.pack(">IIBBBBB", 64, 32, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


_QUOTED = EVIL.replace('"', '""')
FILES: dict[str, bytes] = {
    "report.html": f"<!doctype html><title>report</title><h1>Report</h1>{EVIL}".encode(),
    "plot.svg": SVG.encode(),
    "plot.png": _png(),
    "notes.md": f"# Notes\n{EVIL}\n\n[go](javascript:top.ran=1) ![p](http://127.0.0.1:1/x.png)".encode(),
    "analysis.ipynb": json.dumps(NOTEBOOK).encode(),
    "rows.csv": f'id,formula,text\n0001,"=HYPERLINK(""http://x.test"")","{_QUOTED}"\n'.encode(),
    "model.pkl": b"\x80\x04\0" + bytes(range(200)),
    f"folder/{NAME}": b"plain text\n" * 200_000,
}


@pytest.fixture(scope="module")
def run(shared_server: LapisServer) -> str:
    """Give a run whose artifacts are hostile."""
    root = "/mlflow/default/api/2.0"
    made = shared_server.request("POST", f"{root}/mlflow/runs/create", {"experiment_id": "0", "run_name": "hostile"})
    run_id = str(made[1]["run"]["info"]["run_id"])
    for name, content in FILES.items():
        path = f"{root}/mlflow-artifacts/artifacts/runs/{run_id}/artifacts/{quote(name)}"
        headers = {"Content-Type": "application/octet-stream"}
        assert shared_server.request("PUT", path, content, headers=headers)[0] == 200
    return run_id


def _open(studio: Studio, run: str, file: str, **look: object) -> Page:
    studio.allow("404 (Not Found)")  # that the run is no job
    return studio.open(f"/studio/default/jobs/{run}?tab=outputs&file={quote(file, safe='')}", **look)  # type: ignore[arg-type]


def test_hostile_artifacts_are_shown_and_do_nothing(studio: Studio, run: str) -> None:
    for expected in ("Content Security Policy", "violates", "sandbox", "net::ERR"):
        studio.allow(expected)  # what the policy of the frame holds back, it tells on the console
    page = _open(studio, run, "notes.md")
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    expect(page.get_by_role("heading", name="Notes", exact=True)).to_be_visible()
    tree = page.get_by_role("tree")

    def look(name: str) -> None:
        tree.get_by_role("treeitem", name=name).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    look("plot.svg")
    image = page.get_by_role("img", name="plot.svg")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 40)  # one that is broken has none
    look("analysis.ipynb")
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.get_by_text("a frame")).to_be_visible()
    look("rows.csv")
    expect(page.get_by_role("cell", name='=HYPERLINK("http://x.test")')).to_be_visible()
    expect(page.get_by_role("cell", name="0001")).to_be_visible()
    look("model.pkl")
    expect(page.get_by_text("00000000  80 04 00")).to_be_visible()
    look("report.html")
    frame = page.frame_locator("iframe[title='report.html']")
    expect(frame.get_by_role("heading", name="Report")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    assert page.evaluate("() => window.ran") is None
    assert page.evaluate("async () => (await fetch('/api/v1/session')).status") == 200
    assert not page.locator("a[href^='javascript:']").count()
    assert [url for url in answered if not url.startswith((studio.server.url, "blob:", "data:image/"))] == []


def test_a_tree_is_walked_by_keyboard_and_a_long_text_in_parts(studio: Studio, run: str) -> None:
    page = _open(studio, run, "")
    tree = page.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name="folder")).to_be_visible()
    tree.focus()
    page.keyboard.press("f")
    page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem", name=NAME)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    expect(page.get_by_text("plain text").first).to_be_visible()
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("status").filter(has_text="to 2.1 MiB of 2.1 MiB")).to_be_visible()
    assert page.evaluate("() => window.ran") is None
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download", exact=True).click()
    assert kept.value.path().stat().st_size == len(FILES[f"folder/{NAME}"])


@pytest.mark.parametrize("file", ["analysis.ipynb", "rows.csv"])
def test_previews_are_for_everybody(studio: Studio, run: str, file: str) -> None:
    page = _open(studio, run, file, width=480, dark=True, language="ja-JP")
    expect(page.get_by_role("heading", name=file, exact=True)).to_be_visible()
    expect(page.locator("[role=status]:has-text('読み込み中')")).to_have_count(0)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"files-{file}-480-dark")


def test_lineage_leads_from_thing_to_thing(studio: Studio, shared_server: LapisServer) -> None:
    mark = uuid.uuid4().hex[:8]
    api = "/api/v1/workspaces/default"
    uri = "azureml://datastores/workspaceblobstore/paths/none/"
    data = {"name": f"patients-{mark}", "path": uri, "type": "uri_folder"}
    assert shared_server.request("POST", f"{api}/data", data)[0] == 200
    job = {
        "type": "command",
        "command": "true",
        "environment": {"image": "python"},
        "inputs": {"rows": {"type": "uri_folder", "path": f"azureml:patients-{mark}:1"}},
    }
    assert shared_server.request("PUT", f"{api}/jobs/line-{mark}", {"document": job})[0] in (200, 201)
    page = studio.open(f"/studio/default/jobs/line-{mark}?tab=lineage")
    graph = page.get_by_role("region", name="Lineage")
    expect(graph.get_by_role("link", name=f"patients-{mark}")).to_be_visible()
    assert axe(page) == []
    shot(page, "lineage")
    graph.get_by_role("link", name=f"patients-{mark}").press("Enter")
    expect(page.get_by_role("heading", level=1, name=f"patients-{mark}")).to_be_visible()
    assert page.url.endswith(f"/studio/default/data/patients-{mark}/1")


def test_an_environment_shows_what_was_built(studio: Studio, shared_server: LapisServer) -> None:
    name = f"env-{uuid.uuid4().hex[:8]}"
    document = {"name": name, "image": "python", "tags": {"<b>tag</b>": "<script>top.ran=1</script>"}}
    assert shared_server.request("POST", "/api/v1/workspaces/default/environments", document)[0] == 200
    page = studio.open("/studio/default/environments")
    page.get_by_role("textbox", name="Find by name or tag").fill(name)
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=f"{name}:1")).to_be_visible()
    expect(page.get_by_role("table", name="Build")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("tab", name="Jobs").click()
    expect(page.get_by_text("No job uses this version")).to_be_visible()
    assert page.evaluate("() => window.ran") is None
