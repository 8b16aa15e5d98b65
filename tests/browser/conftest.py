"""The browser and the page that tests of Studio use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from lapisml.server.surfaces.studio.surface import StudioPage
from tests.support.browser import Studio, missing_browser, start_browser
from tests.support.server import LapisServer

StudioOf = Callable[[LapisServer], Studio]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file; while it is there, nothing else in this process can run an event loop."""
    reason = missing_browser()
    if reason is not None:
        pytest.skip(reason)
    if not StudioPage().is_built():
        pytest.fail("the web page is not built: run scripts/setup")
    with sync_playwright() as playwright:
        started = start_browser(playwright)
        yield started
        started.close()


@pytest.fixture
def studio_of(browser: Browser) -> Iterator[StudioOf]:
    """``studio_of(server)`` gives the page of a server; the test fails when the console holds an error at its end."""
    made: list[Studio] = []

    def make(server: LapisServer) -> Studio:
        made.append(Studio(browser, server))
        return made[-1]

    yield make
    for studio in made:
        studio.close()
    faults = [fault for studio in made for fault in studio.faults]
    assert faults == [], "\n".join(faults)


@pytest.fixture
def studio(studio_of: StudioOf, shared_server: LapisServer) -> Studio:
    """The page of the session's server: ``studio.open("/studio/default/jobs")`` gives a signed-in page."""
    return studio_of(shared_server)
