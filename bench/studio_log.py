"""A log that comes at 10,000 lines a second, followed in the real browser; a gigabyte of log, opened.

Part of ``bench.studio``; ``python -m bench.studio_log`` measures it alone.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import uuid
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.harness import Table
from tests.support.browser import Studio, missing_browser, start_browser
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything

LINES_PER_S = 10_000
SECONDS = 12
GIGABYTE = 2**30
_JOBS = "/api/v1/workspaces/default/jobs"
_WATCH = """() => {
  window.longest = 0;
  let before = performance.now();
  const look = (now) => { window.longest = Math.max(window.longest, now - before); before = now;
    window.watch = requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""
_WRITER = f"""
import time
begin = time.monotonic()
for tenth in range({SECONDS} * 10):
    number = tenth * {LINES_PER_S // 10}
    print("\\n".join(
        f"\\x1b[36m2026-01-01 12:00:00\\x1b[0m INFO step {{number + n}} loss=0.{{n:06d}} of a line of usual length"
        for n in range({LINES_PER_S // 10})), flush=True)
    time.sleep(max(0, begin + (tenth + 1) / 10 - time.monotonic()))
"""
_LONG = f"""
import sys
line = b"a line of a log that is longer than anybody reads, number %012d\\n"
block = b"".join(line % n for n in range(10000))
for _ in range({GIGABYTE} // len(block)): sys.stdout.buffer.write(block)
print("the very last line")
"""


class LogPage:
    """The log of a job in the page."""

    def __init__(self, browser: Browser, server: LapisServer) -> None:
        self._studio = Studio(browser, server)
        self._server = server
        self._long = ""

    def longest_frame(self) -> float:
        """Follow a log at full speed to its end: the longest time between two frames, ms."""
        name = self._submit(_WRITER)
        self._wait(name, "Running")
        page = self._studio.open(f"/studio/default/jobs/{name}?tab=log")
        page.wait_for_function(_shown_is_above(1000), timeout=60_000)
        page.evaluate(_WATCH)
        page.wait_for_function(_shown_is_above((SECONDS - 1) * LINES_PER_S), timeout=(SECONDS + 20) * 1000)
        longest = float(page.evaluate("() => { cancelAnimationFrame(window.watch); return window.longest; }"))
        last = f"step {SECONDS * LINES_PER_S - 1}"
        page.get_by_text(last).wait_for(timeout=10_000)
        self._studio.close()
        return longest

    def opened(self) -> float:
        """Open a log of a gigabyte and go to its last line: seconds."""
        if not self._long:
            self._long = self._submit(_LONG)
            self._wait(self._long, "Completed")
        page = self._studio.open(f"/studio/default/jobs/{self._long}?tab=log")
        page.get_by_text("number 000000000000").first.wait_for(timeout=60_000)
        return self._end(page)

    def _end(self, page: Page) -> float:
        page.get_by_role("region", name="Lines of the log").focus()
        page.keyboard.press("End")
        page.get_by_text("the very last line").wait_for(timeout=60_000)
        seconds = float(page.evaluate("() => performance.now()")) / 1000
        self._studio.close()
        return seconds

    def _submit(self, program: str) -> str:
        name = f"log_{uuid.uuid4().hex[:12]}"
        command = f"python -c {shlex.quote(program)}"
        document = {"type": "command", "command": command, "environment": {"image": "python"}}
        status, answer = self._server.request("PUT", f"{_JOBS}/{name}", {"document": document})
        assert status == 200, answer
        return name

    def _wait(self, name: str, state: str) -> None:
        def reached() -> bool:
            return bool(self._server.request("GET", f"{_JOBS}/{name}")[1]["status"] == state)

        eventually(reached, 180, what=f"{name} {state}")


def _shown_is_above(number: int) -> str:
    return f"""() => {{
      const found = [...document.querySelectorAll('section[aria-label="Lines of the log"]')][0];
      const steps = [...(found ? found.innerText.matchAll(/step (\\d+)/g) : [])].map((one) => Number(one[1]));
      return Math.max(0, ...steps) >= {number};
    }}"""


def measure(table: Table, page: LogPage) -> None:
    """Add the rows."""
    what = f"longest frame while a log comes at {LINES_PER_S:,} lines a second"
    table.compare(what, ours=page.longest_frame, limit=100, unit="ms")
    table.compare("a log of 1 GB: opened, and gone to its last line", ours=page.opened, unit="s")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    reason = missing_browser()
    if reason is not None:
        sys.exit(reason)
    table = Table("Logs in Studio", "", (), given.rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as folder, sync_playwright() as playwright:
        server = LapisServer(Path(folder) / "lapis").start()
        browser = start_browser(playwright)
        try:
            measure(table, LogPage(browser, server))
        finally:
            browser.close()
            server.stop()
            end_everything(server.home)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
