"""The way of a model to its users: deployed in a few clicks, tried by a form, its traffic shared out by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StudioOf
from tests.support.browser import Studio, axe, shot
from tests.support.cli import run_lapis
from tests.support.replicas import save_model
from tests.support.server import LapisServer, end_everything

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ACCELERATE": "0"}
INPUTS = [
    {"name": "age", "type": "long", "required": True},
    {"name": "bmi", "type": "double", "required": True},
]
EXAMPLE = {"columns": ["age", "bmi"], "data": [[42, 22.5]]}
SLOW_MS = 90_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server of these tests' own with the model `sums`, whose prediction is age + 2 bmi."""
    from sklearn.linear_model import LinearRegression

    folder = tmp_path_factory.mktemp("endpoints-in-a-browser")
    rows = [[0, 0], [1, 0], [0, 1], [3, 5]]
    model = LinearRegression().fit(rows, [age + 2 * bmi for age, bmi in rows])
    save_model(folder / "sums", model, INPUTS, [{"type": "double"}], EXAMPLE)
    (folder / "sums" / "requirements.txt").write_text("scikit-learn\n")
    server = LapisServer(folder / "home", SETTINGS).start()
    _create(server, "model", "-n", "sums", "--type", "mlflow_model", "--path", str(folder / "sums"))
    yield server
    server.stop()
    end_everything(server.home)


@pytest.fixture
def studio(studio_of: StudioOf, server: LapisServer) -> Studio:
    """The page of that server."""
    return studio_of(server)


def test_deploy_a_model_try_it_and_shift_the_traffic(studio: Studio) -> None:
    page = studio.open("/studio/default/models/sums/1")
    for name in ("blue", "green"):
        _deploy(page, name)
        _settled(page, studio, name)
    shot(page, "endpoint-deployments")
    _is_accessible(page)
    _comes_from_its_model(studio)
    _try_it(page, studio)
    _shift(page, studio)
    _see_figures_move(page)
    _consume(page, studio)
    _follow_logs(page)


def test_a_batch_is_scored_from_the_page_and_its_result_opened(studio: Studio, tmp_path: Path) -> None:
    server = studio.server
    (tmp_path / "rows.csv").write_text("age,bmi\n10,1.5\n20,2\n")
    _create(server, "data", "-n", "rows", "--type", "uri_file", "--path", str(tmp_path / "rows.csv"))
    deployment = {"name": "blue", "type": "model", "model": "azureml:sums:1", "compute": "azureml:local"}
    _put(studio, "batch-endpoints/sums-batch", {"name": "sums-batch"})
    _put(studio, "batch-endpoints/sums-batch/deployments/blue", deployment)
    page = studio.open("/studio/default/batch-endpoints/sums-batch?tab=deployments")
    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_role("article", name="blue").get_by_text("Default", exact=True)).to_be_visible()
    page.get_by_role("button", name="Start a job").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type of the input").select_option("uri_file")
    dialog.get_by_label("Data asset or URI").fill("azureml:rows:1")
    shot(page, "batch-invoke")
    _is_accessible(page)
    dialog.get_by_role("button", name="Start a job").click()
    expect(page.get_by_role("heading", level=1, name="sums-batch-blue")).to_be_visible()
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("tab", name="Outputs").click()
    page.get_by_role("treeitem", name="predictions.csv").click()
    scored = page.get_by_role("table", name="predictions.csv")
    expect(scored.get_by_role("row")).to_have_count(3)  # with that of the names
    expect(scored).to_contain_text(re.compile(r"1(3(\.0+)?|2\.99)"))
    shot(page, "batch-result")


def test_an_endpoint_is_made_and_shown_in_japanese_on_a_narrow_window(studio: Studio) -> None:
    page = studio.open("/studio/default/endpoints", language="ja-JP", width=480)
    page.get_by_role("button", name="新しいエンドポイント").click()
    page.get_by_role("dialog").get_by_role("button", name="適用").click()
    expect(page.get_by_role("heading", level=1, name="my-endpoint")).to_be_visible()
    expect(page.get_by_text("デプロイはまだありません")).to_be_visible()
    _is_accessible(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 480
    shot(page, "endpoint-empty-ja-480")


def _create(server: LapisServer, noun: str, *words: str) -> None:
    run_lapis(noun, "create", *words, home=server.home, check=True)


def _put(studio: Studio, path: str, document: dict[str, Any]) -> None:
    status, body = studio.server.request("PUT", f"/api/v1/workspaces/default/{path}", document)
    assert status == 200, body


def _deploy(page: Page, name: str) -> None:
    """Deploy with the dialog: the first time from the model's page, then from the endpoint's."""
    dialog = page.get_by_role("dialog")
    if name == "blue":
        page.get_by_role("button", name="Deploy", exact=True).click()
    else:
        page.get_by_role("button", name="Deploy a model").click()
        dialog.get_by_role("combobox", name="Model").click()
        page.get_by_role("option", name="sums").click()
    dialog.get_by_label("Name of the deployment").fill(name)
    shot(page, f"deploy-{name}")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="sums-endpoint")).to_be_visible()


def _settled(page: Page, studio: Studio, name: str) -> None:
    """See it come up on the page, by itself."""
    card = page.get_by_role("article", name=name)
    expect(card).to_contain_text("1 of 1 ready", timeout=SLOW_MS)
    expect(card).to_contain_text("Succeeded", timeout=SLOW_MS)


def _comes_from_its_model(studio: Studio) -> None:
    found = _api(studio, "lineage?kind=online&name=sums-endpoint&version=blue")
    edges = {(edge["source"], edge["target"]) for edge in found["edges"]}
    assert ("model:sums:1", "online:sums-endpoint/blue") in edges


def _try_it(page: Page, studio: Studio) -> None:
    page.get_by_role("tab", name="Test").click()
    age = page.get_by_label("age", exact=True)
    expect(age).to_have_value("42")
    age.fill("10")
    page.get_by_label("bmi", exact=True).fill("1.5")
    page.get_by_role("button", name="Send request").click()
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("200")
    expect(answer.locator(".cm-content")).to_contain_text(re.compile(r"1(3(\.0+)?|2\.99)"))
    shot(page, "endpoint-test")
    _is_accessible(page)
    page.get_by_text("JSON", exact=True).click()
    expect(page.get_by_role("textbox", name="JSON")).to_contain_text('"age"')
    request_id = str(answer.get_by_text(re.compile(r"^[0-9a-f]{12}-[0-9a-f]{16}$")).text_content())
    assert _api(studio, f"predictions/{request_id}")["model"] == "sums:1"


def _shift(page: Page, studio: Studio) -> None:
    """Move a slider with the keys: the other makes room, and the server goes by it."""
    page.get_by_role("tab", name="Deployments").click()
    green = page.get_by_role("slider", name="Share of green, percent")
    before = int(str(green.get_attribute("aria-valuenow")))
    green.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight" if before < 50 else "ArrowLeft")
    wanted = before + (10 if before < 50 else -10)
    expect(green).to_have_attribute("aria-valuenow", str(wanted))
    expect(page.get_by_role("slider", name="Share of blue, percent")).to_have_attribute(
        "aria-valuenow", str(100 - wanted)
    )
    page.get_by_role("button", name="Apply traffic").click()
    expect(page.get_by_text("shares its requests out as asked")).to_be_visible()
    assert _api(studio, "online-endpoints/sums-endpoint")["traffic"] == {"blue": 100 - wanted, "green": wanted}
    expect(page.get_by_role("article", name="green")).to_contain_text(f"{wanted} %")
    page.get_by_role("textbox", name="green: percent").fill("100")
    expect(page.get_by_role("slider", name="Share of blue, percent")).to_have_attribute("aria-valuenow", "0")
    page.get_by_role("button", name="Reset").click()


def _see_figures_move(page: Page) -> None:
    figures = page.get_by_role("region", name="Live figures")
    latency = figures.locator("[data-figure^=Latency]")
    expect(latency).to_be_visible(timeout=30_000)
    page.evaluate(
        """async () => {
            const body = JSON.stringify({body: '{"input_data": [[1, 2]]}'})
            const headers = {"Content-Type": "application/json"}
            const path = "/api/v1/workspaces/default/online-endpoints/sums-endpoint/try"
            for (let i = 0; i < 40; i++) await fetch(path, {method: "POST", headers, body})
        }"""
    )
    rate = figures.locator("[data-figure^=Requests]").first
    expect(rate).not_to_have_text("0", timeout=20_000)
    shot(page, "endpoint-figures")


def _consume(page: Page, studio: Studio) -> None:
    key = str(
        studio.server.request("POST", "/api/v1/workspaces/default/online-endpoints/sums-endpoint/keys", {})[1][
            "primaryKey"
        ]
    )
    page.get_by_role("tab", name="Consume").click()
    expect(page.locator("pre").first).to_contain_text("curl 'http")
    assert key not in page.content()
    page.get_by_role("button", name="Show keys").click()
    expect(page.get_by_role("textbox", name="Primary key")).to_have_value(key)
    shot(page, "endpoint-consume")
    _is_accessible(page)
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(page.get_by_role("textbox", name="Primary key")).to_have_count(0)
    assert key not in page.content()
    page.get_by_text("Python", exact=True).click()
    expect(page.locator("pre").first).to_contain_text("urllib.request")


def _follow_logs(page: Page) -> None:
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_role("region", name=re.compile("Log of"))).to_contain_text("Replica 0")
    shot(page, "endpoint-logs")
    _is_accessible(page)


def _is_accessible(page: Page) -> None:
    faults = axe(page)
    assert faults == [], "\n".join(faults)


def _api(studio: Studio, path: str) -> Any:
    status, body = studio.server.request("GET", f"/api/v1/workspaces/default/{path}")
    assert status == 200, json.dumps(body)
    return body
