"""A walk through every page and tab: nothing that axe finds, nothing that overflows, no error on the console.

With `LAPIS_TEST_SHOTS` naming a folder, all combinations of colours, widths and languages are walked and pictured,
with every tab. A whole run (`LAPIS_TEST_ALL`) walks two that differ in everything, the first with the tabs; a usual
run those two without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StudioOf
from tests.browser.world import AGAIN, BROKEN, PIPELINE, SETTINGS, furnish
from tests.support.browser import SHOTS, Studio, axe, shot
from tests.support.processes import REPOSITORY
from tests.support.server import LapisServer, end_everything
from tests.support.whole import is_usual_run

SWEEP = f"{PIPELINE}--train"
_QUIET_MS = 250
_REFUSED = ("Not possible (", "Something went wrong", "実行できません (", "問題が発生しました")
PLACES = {
    "": "home",
    "jobs": "jobs",
    f"jobs/{PIPELINE}": "job-pipeline",
    f"jobs/{SWEEP}": "job-sweep",
    f"jobs/{SWEEP}--0": "job-trial",
    f"jobs/{BROKEN}": "job-failed",
    f"jobs/{AGAIN}": "job-reused",
    f"compare?runs={SWEEP}--0,{SWEEP}--1,{SWEEP}--2": "compare",
    "experiments/diabetes": "experiment",
    "submit": "submit",
    "new/component": "new-component",
    "new/schedule?from=nightly": "edit-schedule",
    "pipelines": "pipelines",
    "schedules": "schedules",
    "schedules/nightly": "schedule",
    "data": "data",
    "data/diabetes": "data-asset",
    "data/diabetes/1": "data-version",
    "datastores": "datastores",
    "datastores/workspaceblobstore": "datastore",
    "models": "models",
    "models/diabetes-ridge": "model",
    "models/diabetes-ridge/1": "model-version",
    "environments": "environments",
    "environments/sklearn": "environment",
    "environments/sklearn/1": "environment-version",
    "components": "components",
    "components/count": "component",
    "components/count/1": "component-version",
    "endpoints": "endpoints",
    "online-endpoints": "online-endpoints",
    "online-endpoints/diabetes-online": "online-endpoint",
    "batch-endpoints": "batch-endpoints",
    "batch-endpoints/diabetes-batch": "batch-endpoint",
    "compute": "computes",
    "compute/cpu-cluster": "compute",
    "connections": "connections",
    "connections/registry": "connection",
    "no/such/page": "not-found",
}
"""Address below the workspace → name of its pictures."""


_SAME_TABS = {
    "job-reused", "job-failed", "experiment", "data-asset", "datastores", "component", "online-endpoints",
    "batch-endpoints",
}  # fmt: skip
"""Pictures of pages whose tabs are those of another page in the list: only the first is looked at."""


@dataclass(frozen=True)
class Look:
    """How a person looks at the page."""

    dark: bool
    width: int
    language: str

    def __str__(self) -> str:
        return f"{'dark' if self.dark else 'light'}-{self.width}-{self.language[:2]}"


_ALL = [Look(dark, width, words) for dark in (False, True) for width in (1440, 480) for words in ("en-US", "ja-JP")]
_PICTURED = bool(os.environ.get(SHOTS))
LOOKS = _ALL if _PICTURED else [Look(False, 1440, "en-US"), Look(True, 480, "ja-JP")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server with something of everything."""
    folder = tmp_path_factory.mktemp("pages")
    server = LapisServer(folder / "home", SETTINGS).start()
    furnish(server, folder)
    yield server
    server.stop()
    end_everything(server.home)


@pytest.fixture
def studio(studio_of: StudioOf, server: LapisServer) -> Studio:
    """The page of that server."""
    return studio_of(server)


def test_every_route_is_walked() -> None:
    files = (REPOSITORY / "studio" / "src" / "pages").rglob("routes.ts")
    routes = {path for file in files for path in re.findall(r'path: "([^"]+)"', Path(file).read_text())}
    walked = {place.partition("?")[0] for place in PLACES}
    patterns = {route: re.sub(r":\w+", "[^/]+", route) for route in routes}
    assert [route for route, pattern in patterns.items() if not any(re.fullmatch(pattern, p) for p in walked)] == []
    assert len(routes) > 20


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_is_sound(studio: Studio, look: Look) -> None:
    page = studio.open("/studio/default", width=look.width, dark=look.dark, language=look.language)
    faults = [fault for place, name in PLACES.items() for fault in _walk(page, studio, place, name, look)]
    assert faults == [], "\n".join(faults)


def _walk(page: Page, studio: Studio, place: str, name: str, look: Look) -> Iterator[str]:
    """Open a page and each of its tabs; give what is wrong, a line each."""
    page.goto(f"{studio.server.url}/studio/default/{place}")
    expect(page.locator("h1")).to_be_visible()
    tabs = page.get_by_role("tab")
    _settle(page)
    walks_tabs = name not in _SAME_TABS and (_PICTURED or not (is_usual_run or look.dark))
    for index in range(max(1, tabs.count()) if walks_tabs else 1):
        label = name
        if index > 0:
            tabs.nth(index).click()
            label = f"{name}-{_word(page)}"
            _settle(page)
        shot(page, f"{label}-{look}")
        yield from (f"{label}: {fault}" for fault in _faults(page))


def _settle(page: Page) -> None:
    """Wait until nothing has been on its way for a moment."""
    page.evaluate("() => { window.quietSince = performance.now(); }")
    page.wait_for_function(
        """ms => {
          if (document.querySelector(".mantine-Loader-root")) window.quietSince = performance.now();
          return performance.now() - window.quietSince > ms;
        }""",
        arg=_QUIET_MS,
        polling=50,
    )


def _word(page: Page) -> str:
    """Give the word of the tab in the address."""
    found = re.search(r"[?&]tab=([\w-]+)", page.url)
    return found[1] if found else "first"


def _faults(page: Page) -> list[str]:
    sizes: Any = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    wide = [f"overflows sideways: {sizes[0]} of {sizes[1]}"] if sizes[0] > sizes[1] else []
    alerts = page.locator("[role=alert]").all_inner_texts()
    refused = [f"shows an error: {text}" for text in alerts if text.startswith(_REFUSED)]
    return [*wide, *refused, *axe(page)]
