"""Studio in the real browser beside MLflow's own page, both over the same runs.

``python -m bench.studio`` puts 100,000 runs of 20 metrics, a curve of 1,000,000 points and 100 runs with curves into
both databases (some minutes), then drives Chromium. ``--peer-runs`` gives MLflow fewer of them, ``--runs`` both.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from subprocess import DEVNULL, Popen
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PageError

from bench.harness import BIN, Row, Table, ending
from bench.studio_data import COMPARED, Filled, fill_lapis, fill_mlflow
from bench.studio_log import LogPage
from bench.studio_log import measure as measure_log
from tests.support.browser import Studio, missing_browser, start_browser
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port
from tests.support.server import LapisServer, end_everything

RUNS, POINTS = 100_000, 1_000_000
_DEADLINE_MS = 60_000
_ROWS = "document.querySelectorAll('[role=row] a, .ag-row a').length"
_FIRST = "(document.querySelectorAll('[role=row] a, .ag-row a')[0] || {}).textContent"


class OurPage:
    """Studio, one browser profile a measurement."""

    def __init__(self, browser: Browser, server: LapisServer, filled: Filled) -> None:
        self._studio = Studio(browser, server)
        self._filled = filled

    def table(self) -> float:
        """Open the table of runs."""
        with self._at("jobs") as page:
            return ready(page, f"{_ROWS} > 10")

    def sorted_table(self) -> float:
        """Open the table of runs by an address that has its order."""
        with self._at("jobs?sort=-metrics.accuracy") as page:
            return ready(page, f"{_ROWS} > 10")

    def sort(self) -> float:
        """Sort by a metric."""
        with self._at("jobs") as page:
            ready(page, f"{_ROWS} > 10")
            click = "document.querySelector('[aria-label=\"Sort by accuracy\"]').click()"
            return until(page, click, f"{_FIRST} !== window.before")

    def filter(self) -> float:
        """Filter by a metric, the address as a shared one."""
        with self._at("jobs") as page:
            ready(page, f"{_ROWS} > 10")
            box = page.get_by_role("textbox", name="Filter", exact=True)
            box.fill("metrics.accuracy > 0.999")
            enter = (
                "document.querySelector('[aria-label=\"Filter\"]').dispatchEvent("
                "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}))"
            )
            return until(page, enter, f"{_FIRST} !== window.before")

    def curve(self) -> float:
        """Enlarge the long curve: from the click to the curve."""
        with self._at(f"compare?runs={self._filled.long_run}") as page:
            ready(page, "document.querySelectorAll('canvas').length > 0")
            click = "document.querySelector('[aria-label=\"Enlarge loss\"]').click()"
            return until(page, click, r"/of \d{4,} points/.test(document.body.innerText)")

    def curve_page(self) -> float:
        """Open the page that draws the long curve."""
        with self._at(f"compare?runs={self._filled.long_run}") as page:
            return ready(page, "document.querySelectorAll('canvas').length > 0")

    def compare(self) -> float:
        """Open the comparison of a hundred runs."""
        with self._at(f"compare?runs={','.join(self._filled.compared)}") as page:
            return ready(page, "document.querySelectorAll('canvas').length >= 6")

    def search(self) -> float:
        """Look for a run by its name in the search over everything: from the last letter to the result."""
        with self._at("") as page:
            ready(page, "document.querySelector('h1') !== null")
            page.keyboard.press("/")
            page.get_by_role("combobox").wait_for()
            page.evaluate("() => { window.begun = performance.now(); }")
            page.keyboard.insert_text("bench-42")
            found = "() => document.querySelector('[role=option]') && performance.now() - window.begun"
            return float(page.wait_for_function(found, polling="raf", timeout=_DEADLINE_MS).json_value()) / 1000

    def first_load(self) -> float:
        """Open the page for the first time: compressed kB."""
        with self._at("") as page:
            page.wait_for_load_state("networkidle")
            return transferred_kb(page)

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[Page]:
        page = self._studio.open(f"/studio/default/{path}")
        try:
            yield page
        finally:
            self._studio.close()


class TheirPage:
    """MLflow's page."""

    def __init__(self, browser: Browser, url: str, filled: Filled) -> None:
        self._browser = browser
        self._runs = f"{url}/#/experiments/{filled.experiment}/runs"
        self._url = url
        self._filled = filled

    def table(self) -> float:
        """Open the table of runs."""
        with self._at(self._runs) as page:
            return ready(page, f"{_ROWS} > 10")

    def sorted_table(self) -> float:
        """Open the table of runs by an address that has its order."""
        order = urlencode({"orderByKey": "metrics.`accuracy`", "orderByAsc": "false"})
        with self._at(f"{self._runs}?{order}") as page:
            return ready(page, f"{_ROWS} > 10")

    def filter(self) -> float:
        """Filter by a metric, by the address that its search box makes."""
        return self._changed({"searchFilter": "metrics.accuracy > 0.999"})

    def curve_page(self) -> float:
        """Open the page that draws the long curve."""
        with self._at(f"{self._runs}/{self._filled.long_run}/model-metrics") as page:
            return ready(page, "document.querySelectorAll('.js-plotly-plot .trace').length > 0")

    def compare(self) -> float:
        """Open the comparison of a hundred runs."""
        runs = quote("[" + ",".join(f'"{run}"' for run in self._filled.compared) + "]")
        experiments = quote(f'["{self._filled.experiment}"]')
        with self._at(f"{self._url}/#/compare-runs?runs={runs}&experiments={experiments}") as page:
            return ready(page, "document.querySelectorAll('.js-plotly-plot').length > 0")

    def first_load(self) -> float:
        """Open the page for the first time: compressed kB. It never stops asking, so what comes in ten seconds."""
        with self._at(f"{self._url}/") as page:
            page.wait_for_load_state("load")
            page.wait_for_timeout(10_000)
            return transferred_kb(page)

    def _changed(self, parameters: dict[str, str]) -> float:
        with self._at(self._runs) as page:
            ready(page, f"{_ROWS} > 10")
            address = f"{self._runs}?{urlencode(parameters)}"
            return until(page, f"window.location.assign({address!r})", f"{_FIRST} !== window.before")

    @contextlib.contextmanager
    def _at(self, address: str) -> Iterator[Page]:
        context = self._browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(address, wait_until="commit")
        try:
            yield page
        finally:
            context.close()


def ready(page: Page, condition: str) -> float:
    """Wait for a condition; return the seconds since the page was asked for, as the page's own clock says."""
    handle = page.wait_for_function(f"() => ({condition}) && performance.now()", polling="raf", timeout=_DEADLINE_MS)
    return float(handle.json_value()) / 1000


def until(page: Page, act: str, condition: str) -> float:
    """Do something and wait for what it brings; return the seconds between."""
    page.evaluate(f"() => {{ window.before = {_FIRST}; window.begun = performance.now(); {act}; }}")
    wanted = f"() => ({condition}) && performance.now() - window.begun"
    handle = page.wait_for_function(wanted, polling="raf", timeout=_DEADLINE_MS)
    return float(handle.json_value()) / 1000


def transferred_kb(page: Page) -> float:
    """Add up what came over the wire, as it was sent."""
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    return float(page.evaluate(f"() => {entries}.reduce((sum, one) => sum + one.encodedBodySize, 0)")) / 1000


@contextlib.contextmanager
def lapis(folder: Path, runs: int, points: int) -> Iterator[tuple[LapisServer, Filled]]:
    """Run Lapis over a filled database."""
    server = LapisServer(folder / "lapis").start()
    server.stop()
    filled = fill_lapis(f"sqlite:///{server.home / 'lapis.db'}", runs, points)
    server.start()
    try:
        yield server, filled
    finally:
        server.stop()
        end_everything(server.home)


@contextlib.contextmanager
def mlflow(folder: Path, runs: int, points: int) -> Iterator[tuple[str, Filled]]:
    """Run ``mlflow server`` over a filled database."""
    port, database = free_port(), f"sqlite:///{folder / 'mlflow.db'}"
    command = [str(BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database]
    environment = clean_environment(MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    with ending(Popen(command, env=environment, cwd=folder, stdout=DEVNULL, stderr=DEVNULL)):
        eventually(lambda: _answers(port), 120, what="mlflow server")
        yield f"http://127.0.0.1:{port}", fill_mlflow(database, runs, points)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False


def bears(measure: Callable[[], float], what: str) -> Callable[[], float] | None:
    """Give the peer's measurement when its page manages it within a minute; None when it does not."""
    try:
        measure()
    except PageError as error:
        print(f"mlflow: {what}: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
        return None
    return measure


def measure(table: Table, ours: OurPage, theirs: TheirPage | None, said: str) -> None:
    """Measure everything on both sides."""

    def row(what: str, name: str, limit: float | None, unit: str = "s", note: str = "") -> Row:
        peer = bears(getattr(theirs, name), what) if theirs is not None and hasattr(theirs, name) else None
        missing = "" if peer or theirs is None or not hasattr(theirs, name) else "MLflow's page did not get there."
        remarks = " ".join(part for part in (note, missing) if part)
        return table.compare(what, ours=getattr(ours, name), peer=peer, limit=limit, unit=unit, note=remarks)

    row("table of runs usable", "table", 1.0, note=said)
    row("table opened by an address, sorted by a metric", "sorted_table", None)
    row("sort by a metric", "sort", 0.5)
    row("filter by a metric", "filter", 0.5)
    row("a curve of 1,000,000 points, enlarged", "curve", 0.5, note="after the server has read it once")
    row("the page with this curve", "curve_page", None)
    row(f"compare {COMPARED} runs of 20 curves", "compare", 1.5)
    row("search over everything for a run", "search", None)
    row("first load, compressed", "first_load", 400, unit="kB")


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--peer-runs", type=int, help="runs for MLflow; 0 leaves it out")
    given = parser.parse_args()
    reason = missing_browser()
    if reason is not None:
        sys.exit(reason)
    peer_runs = given.runs if given.peer_runs is None else given.peer_runs
    table = Table("Studio", "MLflow's page", ("mlflow",), given.rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        server, filled = stack.enter_context(lapis(folder, given.runs, given.points))
        browser = start_browser(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        theirs = None
        if peer_runs:
            url, theirs_filled = stack.enter_context(mlflow(folder, peer_runs, given.points))
            theirs = TheirPage(browser, url, theirs_filled)
        said = f"{given.runs:,} runs of 20 metrics in Lapis, {peer_runs:,} in MLflow."
        measure(table, OurPage(browser, server, filled), theirs, said)
        measure_log(table, LogPage(browser, server))
        return table.finish()


if __name__ == "__main__":
    sys.exit(main())
