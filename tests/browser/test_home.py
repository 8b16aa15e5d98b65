"""Home and search in a browser: what runs and fails shows by itself; everything is found with the keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import StudioOf
from tests.conftest import ServerFactory
from tests.support.browser import Studio, axe, shot
from tests.support.server import LapisServer

WORKSPACE = "/api/v1/workspaces/default"
PLAIN = {"image": "x", "conda_file": {"name": "none", "dependencies": []}}
PATIENTS = "id,age,city\n" + "".join(f"{n},{20 + n % 50},{'東京' if n % 3 else 'Kyoto'}\n" for n in range(300))


@pytest.fixture
def studio(studio_of: StudioOf, start_server: ServerFactory) -> Studio:
    """The page of a server of this test's own, in which nothing has happened."""
    return studio_of(start_server())


def _ask(server: LapisServer, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    status, answer = server.request(method, f"{WORKSPACE}/{path}", body)
    assert status < 300, answer
    return answer


def _submit(server: LapisServer, name: str, title: str, command: str, environment: Any) -> None:
    document = {"type": "command", "command": command, "environment": environment, "compute": "local"}
    _ask(server, "PUT", f"jobs/{name}", {"document": {**document, "display_name": title}})


def _part(page: Page, name: str) -> Any:
    return page.get_by_role("list", name=name, exact=True)


def test_what_runs_and_fails_shows_by_itself_and_is_found_by_keyboard(studio: Studio) -> None:
    server = studio.server
    page = studio.open()
    expect(page.get_by_text("lapis job create -f job.yml")).to_be_visible()
    assert axe(page) == []
    _submit(server, "long", "train for long", "sleep 600", PLAIN)
    expect(_part(page, "Running").get_by_role("link", name="train for long")).to_be_visible()
    _submit(server, "broken", "train without labels", "exit 3", PLAIN)
    expect(_part(page, "Failed lately").get_by_role("link", name="train without labels")).to_be_visible(timeout=60_000)
    expect(_part(page, "Failed lately").get_by_text("exit code 3")).to_be_visible()
    shot(page, "home")
    assert axe(page) == []

    place = server.home / "storage/default/workspaceblobstore/tumours"
    place.mkdir(parents=True)
    (place / "model.bin").write_bytes(b"x")
    uri = "azureml://datastores/workspaceblobstore/paths/tumours/"
    tags = {"stage": "zebra-trial"}
    _ask(server, "POST", "models", {"name": "tumours", "type": "custom_model", "path": uri, "tags": tags})
    page.keyboard.press("/")
    page.keyboard.type("zebra")
    option = page.get_by_role("option", name="tumours:1")
    expect(option).to_have_attribute("aria-selected", "true")
    shot(page, "search")
    assert axe(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("tumours")

    page = studio.open(language="ja-JP", dark=True, width=480)
    expect(_part(page, "最近の失敗").get_by_role("link", name="train without labels")).to_be_visible()
    expect(_part(page, "実行中").get_by_text("実行中")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, "home-ja")
    assert axe(page) == []
    page.keyboard.press("Control+k")
    page.keyboard.type("コンピュ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="コンピューティング")).to_be_visible()
    page.get_by_role("link", name="local").click()
    expect(page.get_by_role("link", name="long")).to_be_visible()
    assert axe(page) == []
    _ask(server, "POST", "jobs/long/cancel", {})


def test_a_file_uploaded_in_the_page_is_described_column_by_column(studio: Studio) -> None:
    page = studio.open("/studio/default/data")
    page.get_by_role("button", name="New data").click()
    file: FilePayload = {"name": "patients.csv", "mimeType": "text/csv", "buffer": PATIENTS.encode()}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("textbox", name="Name", exact=True).fill("patients")
    assert axe(page) == []
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("tab", name="Columns").click()
    age = page.get_by_role("article", name="age")
    expect(age.get_by_role("img")).to_have_attribute("aria-label", "How the values of age are spread, from 20 to 69")
    expect(page.get_by_role("article", name="city").get_by_text("東京")).to_be_visible()
    shot(page, "data-columns")
    assert axe(page) == []
    page.get_by_role("tab", name="Preview").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Kyoto")
    page.get_by_role("tab", name="Files").click()
    expect(page.get_by_role("table", name="patients.csv").get_by_role("row").nth(1)).to_contain_text("Kyoto")
    assert axe(page) == []
