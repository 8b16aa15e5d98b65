"""Kill the server with SIGKILL at every move of a job and between the moves: no job is lost, doubled or wrongly ended.

The places are not sampled: they are every move in the life-cycle table that this version makes, each before and
after its transaction is committed, and every step of submission, hand-over and ending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lapisml.core.lifecycle import JobState
from tests.integration.kills.crash_home import CALLS, CrashHome, CrashingServer
from tests.integration.kills.plans import EDGES, PLANS, UNREACHED, Edge, Plan
from tests.support.server import end_everything

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ALLOW_PRIVATE_ADDRESSES": "true"}
MOVE_CASES = [
    pytest.param(plan, edge, when, id=f"{plan.name}-{edge[0].value}-{edge[1].value}-{when}")
    for number, plan in enumerate(PLANS)
    for edge in plan.edges
    if not any(edge in earlier.edges for earlier in PLANS[:number])
    for when in ("uncommitted", "committed")
]


@pytest.fixture(scope="module")
def crash_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashHome]:
    root = tmp_path_factory.mktemp("kills")
    server = CrashingServer(root / "home", SETTINGS).start()
    home = CrashHome(server, root)
    home.prepare()
    yield home
    home.silent.close()
    server.stop()
    end_everything(server.home)


@pytest.fixture
def count_kills(crash_home: CrashHome, record_property: Callable[[str, object], None]) -> Iterator[None]:
    before = crash_home.kills
    yield
    record_property("injected_kills", crash_home.kills - before)


def test_every_move_of_the_table_is_made_by_a_plan_or_listed_with_its_reason() -> None:
    made = {edge for plan in PLANS for edge in plan.edges}
    assert made | set(UNREACHED) == set(EDGES)
    assert not made & set(UNREACHED)


@pytest.mark.usefixtures("count_kills")
@pytest.mark.parametrize(("plan", "edge", "when"), MOVE_CASES)
def test_a_server_killed_at_a_move(crash_home: CrashHome, plan: Plan, edge: Edge, when: str) -> None:
    job = f"{plan.name}-{edge[0].value}-{edge[1].value}-{when}".lower()
    crash_home.order_move(job, edge, when)
    crash_home.play(job, plan)
    crash_home.check(job, plan)


@pytest.mark.usefixtures("count_kills")
@pytest.mark.parametrize(("call", "when"), CALLS, ids=[f"{c.rpartition(':')[2]}-{w}" for c, w in CALLS])
def test_a_server_killed_between_moves(crash_home: CrashHome, call: str, when: str) -> None:
    job = f"{call.rpartition(':')[2]}-{when}".lower()
    crash_home.order_call(job, call, when)
    crash_home.play(job, PLANS[0])
    crash_home.check(job, PLANS[0])


@pytest.mark.usefixtures("count_kills")
def test_a_job_ends_while_there_is_no_server(crash_home: CrashHome) -> None:
    """The script runs from begin to end without a server; the next one finds its exit status."""
    plan, job = PLANS[0], "alone"
    crash_home.order_move(job, (JobState.STARTING, JobState.RUNNING), "committed")
    crash_home.play_alone(job, plan)
    crash_home.check(job, plan)


@pytest.mark.usefixtures("count_kills")
def test_the_server_is_killed_again_and_again_under_twelve_jobs(crash_home: CrashHome) -> None:
    """Each of twelve jobs brings the server down once, at its own move, while the others go on."""
    long = [replace(plan, tail=plan.tail.replace("0.3", "2")) for plan in PLANS[:2]]
    jobs = {f"crowd-{n}": (long[n % 2], long[n % 2].edges[n // 2]) for n in range(12)}
    crash_home.play_crowd(jobs)
    for job, (plan, _) in jobs.items():
        crash_home.check(job, plan)


def test_no_end_has_changed_since(crash_home: CrashHome) -> None:
    crash_home.server.restart()
    for job, end in crash_home.ended.items():
        crash_home.check_still(job, end)
