"""Runs in a browser: one found among many, some compared."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StudioOf
from tests.support.browser import Studio, axe, shot
from tests.support.many_runs import Course, add_courses, add_runs
from tests.support.polling import eventually
from tests.support.server import LapisServer

RUNS = 100_000
STEPS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server of these tests' own with many runs, three of which logged curves."""
    server = LapisServer(tmp_path_factory.mktemp("runs-in-a-browser") / "home").start()
    database, now = f"sqlite:///{server.home / 'lapis.db'}", int(time.time() * 1000)
    add_runs(database, RUNS, "history", now - 3_600_000, ["accuracy", "loss"])
    add_courses(database, [course(name, rate) for name, rate in RATES.items()], "trained", now)
    yield server
    server.stop()


_SCROLL = """(box) => {
  box.scrollTop = box.scrollHeight;
  const row = [...box.querySelectorAll("[role=row]")].at(-1);
  return [row.getAttribute("aria-rowindex"), row.querySelector("a")?.textContent];
}"""
"""Scrolls to the end of what is there; gives the place and the name of the last row that is drawn."""

RATES = {"slow": 0.004, "usual": 0.01, "fast": 0.03}


def course(name: str, rate: float) -> Course:
    """A run whose loss falls at a rate, with a peak of one step and a value that is no number."""
    loss = [math.exp(-rate * step) + 0.02 * math.sin(step) for step in range(STEPS)]
    loss[150], loss[151] = 2.5, math.nan
    curves = {"loss": loss, "accuracy": [1 - value / 3 for value in loss[:100]], "final score": [rate]}
    return Course(name, {"rate": str(rate), "optimizer": "adam"}, curves)


@pytest.fixture
def studio(studio_of: StudioOf, server: LapisServer) -> Studio:
    """The page of that server."""
    return studio_of(server)


def _first(page: Page) -> str:
    return page.get_by_role("row").nth(1).get_by_role("link").first.inner_text()


def test_a_run_is_found_among_many(studio: Studio) -> None:
    studio.allow("400")  # a filter that is not whole yet
    studio.allow("404")  # this run has no job
    page = studio.open("/studio/default/jobs")
    expect(page.get_by_text(f"{RUNS + 3:} jobs")).to_be_visible()
    shot(page, "jobs")
    assert axe(page) == []
    page.get_by_role("button", name="Sort by accuracy").click()
    expect(page).to_have_url(re.compile("sort=-metrics.accuracy"))
    expect(page.get_by_role("row").nth(1)).not_to_contain_text("history-99999")
    box = page.get_by_role("textbox", name="Filter", exact=True)
    box.fill("metrics.accuracy > 0.9 AND")
    box.press("Enter")
    expect(page.get_by_text("expected a column such as")).to_be_visible()
    box.fill("run_name LIKE '%-1234' AND params.depth >= '0'")
    box.press("Enter")
    expect(page.get_by_text("it takes one of")).to_be_visible()
    box.fill("run_name LIKE '%-1234' AND tags.team LIKE 'team %'")
    box.press("Enter")
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    link = page.get_by_role("link", name="history-1234")
    expect(link).to_be_visible()
    page.reload()
    link.click()
    expect(page).to_have_url(re.compile("/jobs/history-1234$"))


def test_rows_come_as_the_person_scrolls_and_views_are_kept(studio: Studio) -> None:
    page = studio.open("/studio/default/jobs?sort=started&columns=name,started,params.rate")
    expect(page.get_by_role("link", name="history-0", exact=True)).to_be_visible()
    table = page.get_by_role("region", name="Jobs and runs")

    def last_row() -> tuple[int, str] | None:
        place, name = table.evaluate(_SCROLL)
        return (int(place), name) if int(place) > 250 and name else None

    place, name = eventually(last_row, 20, what="the third page of rows")
    assert name == f"history-{place - 2}"
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save this view…").click()
    page.get_by_role("textbox", name="Name").fill("oldest first")
    page.get_by_role("button", name="Save").click()
    other = studio.open("/studio/default/jobs")
    other.get_by_role("button", name="Views").click()
    other.get_by_role("menuitem", name="oldest first").click()
    expect(other.get_by_role("link", name="history-0", exact=True)).to_be_visible()
    expect(other.get_by_role("columnheader", name="rate (parameter)")).to_be_visible()


def test_three_runs_are_compared(studio: Studio) -> None:
    page = studio.open("/studio/default/jobs")
    for name in RATES:
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("img", name="Metric loss of 3 runs")).to_be_visible()
    expect(page.get_by_role("heading", name="final score")).to_be_visible()
    shot(page, "compare-curves")
    assert axe(page) == []
    page.get_by_role("button", name="Enlarge loss").click()
    expect(page.get_by_text(f"of {3 * STEPS} points")).to_be_visible()
    page.get_by_role("textbox", name="From").fill("140")
    page.get_by_role("textbox", name="To").fill("160")
    expect(page.get_by_text(re.compile(rf"^6\d of {3 * STEPS} points$"))).to_be_visible()
    shot(page, "compare-zoomed")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Values").click()
    expect(page.get_by_role("row", name=re.compile("Differs.*rate"))).to_be_visible()
    page.get_by_role("switch", name="Only differences").click()
    expect(page.get_by_text("optimizer")).to_have_count(0)
    shot(page, "compare-values")
    assert axe(page) == []
    page.get_by_role("tab", name="Parallel coordinates").click()
    expect(page.get_by_role("img", name=re.compile("3 runs over rate"))).to_be_visible()
    shot(page, "compare-parallel")
    page.get_by_role("tab", name="Scatter").click()
    expect(page.get_by_role("img", name=re.compile("3 runs by rate and"))).to_be_visible()
    shot(page, "compare-scatter")
    assert axe(page) == []


def test_on_a_narrow_dark_window_in_japanese_nothing_is_cut_off(studio: Studio) -> None:
    runs = ",".join(RATES)
    for address in ("jobs", "jobs?tab=experiments", f"compare?runs={runs}"):
        page = studio.open(f"/studio/default/{address}", width=480, language="ja-JP", dark=True)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("table, canvas").first).to_be_visible()
        shot(page, f"narrow-{address.split('?')[0]}-{address.count('tab')}")
        if "tab" not in address:
            assert axe(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 480
