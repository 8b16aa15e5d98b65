"""The ways of a person who looks at pipelines: from a failed one to its cause, and watching one that runs."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import StudioOf
from tests.integration.jobs.client import Api
from tests.support.browser import Studio, axe, shot
from tests.support.server import LapisServer


def step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": {"image": "python"}, **more}


def submit(api: Api, jobs: dict[str, Any], shown: str) -> str:
    name = f"pipeline-{uuid.uuid4().hex[:10]}"
    document = {"type": "pipeline", "display_name": shown, "jobs": jobs}
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), body
    return name


def after(source: str) -> dict[str, Any]:
    return {"x": f"${{{{parent.jobs.{source}.outputs.x}}}}"}


OUTPUT = {"x": {"type": "uri_folder"}}


def test_from_a_failed_pipeline_to_its_cause(studio: Studio, shared_server: LapisServer) -> None:
    api = Api(shared_server)
    mark = uuid.uuid4().hex[:8]
    inner = {
        "load": step("echo loading", outputs=OUTPUT),
        "fit": step(f"echo 'ValueError: no rows {mark}' >&2; exit 3", inputs=after("load"), outputs=OUTPUT),
        "save": step("echo saving", inputs=after("fit")),
    }
    component = {"name": f"inner_{mark}", "version": "1", "type": "pipeline", "jobs": inner}
    assert api.call("POST", "/components", component)[0] == 200
    nested = {"type": "pipeline", "component": f"azureml:inner_{mark}:1"}
    name = submit(api, {"nested": nested, "beside": step("echo beside")}, f"shown {mark}")
    api.wait(name, "Failed")
    page = studio.open("/studio/default/pipelines")
    page.get_by_label("Find by name or experiment").fill(mark)
    page.get_by_role("link", name=f"shown {mark}").click()
    expect(page.get_by_label("nested: Failed")).to_be_visible()
    page.get_by_role("button", name="First failed step").click()
    panel = page.get_by_role("complementary", name="Step fit")
    expect(panel.get_by_text(f"ValueError: no rows {mark}")).to_be_visible()
    expect(page.get_by_label("nested/fit: Failed")).to_be_in_viewport()
    expect(page.get_by_label("nested/save: Not started")).to_be_attached()
    assert re.search(r"step=nested(%2F|/)fit", page.url), page.url
    shot(page, "pipeline-cause")
    assert axe(page) == []
    page.get_by_text("List", exact=True).click()
    expect(page.get_by_role("table", name="List of steps").get_by_text("nested/fit")).to_be_visible()
    panel.get_by_role("link", name="Open its page").click()
    expect(page.get_by_text("exit code 3").first).to_be_visible()


def test_nodes_change_while_a_pipeline_runs(studio_of: StudioOf, shared_server: LapisServer, tmp_path: Path) -> None:
    api = Api(shared_server)
    gate = tmp_path / "gate"
    wait = f"echo waiting; while [ ! -e {gate} ]; do sleep 0.1; done; echo let through"
    name = submit(api, {"gate": step(wait, outputs=OUTPUT), "last": step("echo end", inputs=after("gate"))}, "watched")
    page = studio_of(shared_server).open(f"/studio/default/jobs/{name}?step=gate", language="ja-JP", dark=True)
    try:
        expect(page.get_by_label("gate: 実行中")).to_be_visible()
        expect(page.get_by_label("last: 未開始")).to_be_visible()
        expect(page.get_by_text("waiting", exact=True)).to_be_visible()
        page.evaluate("window.untouched = true")
    finally:
        gate.touch()
    expect(page.get_by_label("last: 完了")).to_be_visible()
    expect(page.get_by_label("gate: 完了")).to_be_visible()
    expect(page.get_by_text("let through", exact=True)).to_be_visible()
    assert page.evaluate("window.untouched")
