"""Sweeps and schedules in a browser: trials that come while one looks, a schedule paused, resumed and run by hand."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.integration.jobs.client import Api
from tests.integration.sweeps.trials import script, sweep
from tests.support.browser import Studio, axe, shot
from tests.support.server import LapisServer

ENDED_MS = 60_000


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    """The native API of the session's server."""
    return Api(shared_server)


def test_trials_come_while_one_looks_and_are_compared(studio: Studio, api: Api, tmp_path: Path) -> None:
    gate, name = tmp_path / "gate", f"sweep-{uuid.uuid4().hex[:10]}"
    body = f"x = float(sys.argv[1])\nwhile x > 0.5 and not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
    command = script(tmp_path, body + 'log("accuracy", x)') + " ${{search_space.x}}"
    space = {"x": {"type": "choice", "values": [0.5, 0.9, 0.1]}}
    limits = {"max_total_trials": None, "max_concurrent_trials": 1}
    document = sweep(command, space, sampling_algorithm="grid", limits=limits)
    status, answer = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), answer
    page = studio.open(f"/studio/default/jobs/{name}")
    try:
        expect(page.get_by_text("1 of 3 trials finished, 1 running")).to_be_visible(timeout=ENDED_MS)
        expect(page.get_by_text("Best so far: 0.5 (Trial 0)")).to_be_visible()
    finally:
        gate.touch()
    expect(page.get_by_text("3 of 3 trials finished")).to_be_visible(timeout=ENDED_MS)
    expect(page.get_by_text("Best: 0.9 (Trial 1)")).to_be_visible()
    expect(page.get_by_role("img", name="Best value of accuracy over time: 0.9 after 3 trials")).to_be_visible()
    assert axe(page) == []
    shot(page, "trials")
    page.get_by_role("button", name="Sort by accuracy").click()
    rows = page.get_by_role("table", name="Trials").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("0.9")
    expect(rows.nth(3)).to_contain_text("0.1")
    for number in (0, 1):
        page.get_by_role("checkbox", name=f"Select Trial {number}").check()
    page.get_by_role("link", name="Compare 2").click()
    expect(page.get_by_role("heading", name="accuracy")).to_be_visible()
    expect(page.get_by_role("list", name="Compared runs").get_by_role("listitem")).to_have_count(2)


def test_a_schedule_is_paused_resumed_and_run_by_hand(studio: Studio, api: Api) -> None:
    name = f"schedule-{uuid.uuid4().hex[:10]}"
    start = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT03:00:00}"
    schedule = {
        "name": name,
        "display_name": f"Each day {name}",
        "trigger": {"type": "recurrence", "frequency": "day", "interval": 1, "start_time": start},
        "create_job": {"type": "command", "command": "echo by hand", "environment": {"image": "python"}},
    }
    status, answer = api.call("PUT", f"/schedules/{name}", schedule)
    assert status in (200, 201), answer
    page = studio.open("/studio/default/schedules")
    page.get_by_role("link", name=f"Each day {name}").click()
    upcoming = page.get_by_role("list", name="Next runs").get_by_role("listitem")
    expect(upcoming.first).to_be_visible()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("It does not run while it is disabled.")).to_be_visible()
    expect(upcoming).to_have_count(0)
    assert api.call("GET", f"/schedules/{name}")[1]["is_enabled"] is False
    page.get_by_role("button", name="Enable").click()
    expect(upcoming.first).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile(r"/jobs/schedule-[^/]+$"))
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=ENDED_MS)
    page.goto(f"{studio.server.url}/studio/default/schedules/{name}?tab=history")
    row = page.get_by_role("table", name="History").get_by_role("row").nth(1)
    expect(row).to_contain_text("by hand")
    expect(row).to_contain_text("Completed")
    assert axe(page) == []
