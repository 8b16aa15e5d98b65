"""Jobs in a browser: written and watched to their end, edited and submitted again, hostile in all that they say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StudioOf
from tests.integration.jobs.client import Api
from tests.support.browser import Studio, axe, shot
from tests.support.server import LapisServer

DOCUMENT = """\
type: command
display_name: greets
command: >-
  python -u -c "for n in range(400): print('greeting', n)"
  && {end}
environment:
  image: python
"""
HOSTILE = "<img src=x onerror=\"window.hit='hit'\"><script>window.hit='hit'</script>"
ENDED_MS = 60_000


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    """The native API of the session's server."""
    return Api(shared_server)


def _write(page: Page, text: str) -> None:
    editor = page.get_by_role("textbox", name="The job's document in YAML")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def test_a_job_is_written_submitted_and_watched_to_its_end(studio: Studio) -> None:
    page = studio.open("/studio/default/submit")
    _write(page, DOCUMENT.format(end="true").replace("command: >-", "comand: >-"))
    expect(page.get_by_text("did you mean").or_(page.get_by_text("`command`?"))).to_be_visible()
    expect(page.get_by_role("button", name="Submit job")).to_be_disabled()
    assert axe(page) == []
    shot(page, "submit-problem")
    page.get_by_role("button", name="Line 3").first.click()
    page.keyboard.press("End")
    _write(page, DOCUMENT.format(end="true"))
    expect(page.get_by_text("The document is good")).to_be_visible()
    page.get_by_role("button", name="Submit job").click()
    expect(page.get_by_role("heading", level=1, name="greets")).to_be_visible()
    expect(page.get_by_text("Completed")).to_be_visible(timeout=ENDED_MS)
    assert axe(page) == []
    shot(page, "job")
    page.get_by_role("tab", name="Log").click()
    page.get_by_role("searchbox", name="Find in the log").fill("GREETING 399")
    expect(page.locator("mark").get_by_text("greeting 399")).to_be_visible()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    assert axe(page) == []
    shot(page, "job-log")


def test_a_log_is_followed_while_it_grows(studio: Studio, api: Api, shared_server: LapisServer) -> None:
    go = shared_server.home / "followed-go"
    wait = f"while [ ! -e {go} ]; do sleep 0.05; done"
    name = api.submit(f"seq 2000; {wait}; seq 2001 4000", display_name="counts")
    api.wait(name, "Running")
    page = studio.open(f"/studio/default/jobs/{name}?tab=log")
    log = page.get_by_role("region", name="Lines of the log")
    expect(log.get_by_text("2000", exact=True).last).to_be_visible()
    go.touch()
    expect(log.get_by_text("4000", exact=True).last).to_be_visible(timeout=ENDED_MS)
    log.focus()
    page.keyboard.press("Home")
    expect(log.get_by_text("1", exact=True).first).to_be_visible()
    expect(page.get_by_role("switch", name="Follow")).not_to_be_checked()


def test_a_failed_job_says_why_and_is_submitted_again_mended(studio: Studio, api: Api) -> None:
    name = api.submit("echo the column is missing; exit 3", display_name="breaks")
    api.wait(name, "Failed")
    page = studio.open(f"/studio/default/jobs/{name}", language="ja-JP")
    expect(page.get_by_text("ジョブは失敗しました")).to_be_visible()
    expect(page.get_by_text("the column is missing", exact=True)).to_be_visible()
    expect(page.get_by_text("終了コード 3")).to_be_visible()
    page.get_by_role("link", name="編集して再送信").click()
    editor = page.locator(".cm-content")
    expect(editor).to_contain_text("exit 3")
    expect(editor).not_to_contain_text(name)
    text = (
        "\n".join(editor.locator(".cm-line").all_inner_texts()).replace("exit 3", "exit 0").replace("breaks", "holds")
    )
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)
    page.get_by_role("button", name="ジョブを送信").click()
    expect(page.get_by_role("heading", level=1, name="holds")).to_be_visible()
    expect(page.get_by_text("完了", exact=True)).to_be_visible(timeout=ENDED_MS)
    assert name not in page.url


def test_what_a_job_says_is_never_run(studio_of: StudioOf, shared_server: LapisServer, api: Api) -> None:
    studio = studio_of(shared_server)
    link = "\\033]8;;javascript:alert(1)\\033\\\\click\\033]8;;\\033\\\\"
    name = api.submit(
        f"cat <<'END'\n{HOSTILE}\nEND\nprintf '{link}\\n'; exit 1",
        display_name=HOSTILE,
        description=f"{HOSTILE} [a link](javascript:window.hit='hit')",
        tags={"note": HOSTILE},
        experiment_name="hostile",
    )
    api.wait(name, "Failed")
    for tab in ("overview", "log", "metrics"):
        page = studio.open(f"/studio/default/jobs/{name}?tab={tab}")
        expect(page.get_by_role("heading", level=1, name=HOSTILE)).to_be_visible()
        if tab != "metrics":
            expect(page.get_by_text(re.compile(re.escape("<img src=x"))).first).to_be_visible()
        assert page.locator("a[href^='javascript:']").count() == 0
        assert page.evaluate("() => [window.hit, document.querySelectorAll('img[onerror]').length]") == [None, 0]
    page = studio.open(f"/studio/default/submit?from={name}")
    expect(page.locator(".cm-content")).to_contain_text("onerror")
    assert page.evaluate("() => window.hit") is None
