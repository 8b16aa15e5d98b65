"""What runs log: durable, once, and with the right latest value."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.records import Caller, LogEntry, Point
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.platform.database import Database
from tests.unit.tracking.conftest import Bench


def test_the_latest_point_is_the_one_of_the_greatest_step_then_time_then_value(tracking: Bench) -> None:
    run = tracking.run()
    tracking.log(run, Point("m", 1.0, 10, 5), Point("m", 9.0, 99, 4), Point("m", 2.0, 10, 5))
    assert tracking.metrics(run)["m"] == (2.0, 10, 5, 0)
    tracking.log(run, Point("m", 7.0, 9, 5))
    assert tracking.metrics(run)["m"][0] == 2.0
    tracking.log(run, Point("m", -1.0, 11, 5))
    assert tracking.metrics(run)["m"][0] == -1.0
    tracking.log(run, Point("m", 0.0, 0, 6))
    assert tracking.metrics(run)["m"][2] == 6


def test_a_point_sent_twice_is_stored_once(tracking: Bench) -> None:
    run = tracking.run()
    for _ in range(3):
        tracking.log(run, Point("m", 1.0, 10, 1), Point("m", 1.0, 10, 1), Point("m", math.nan, 10, 1))
    tracking.log(run, Point("m", 0.0, 10, 1))
    points = tracking.service.runs.history(tracking.caller, run, "m").items
    assert sorted((p[0], p[3]) for p in points) == [(0.0, 0), (0.0, 1), (1.0, 0)]


def test_nan_and_the_infinities_are_kept(tracking: Bench) -> None:
    run = tracking.run()
    tracking.log(run, Point("nan", math.nan, 1, 0), Point("up", math.inf, 1, 0), Point("down", -math.inf, 1, 0))
    found = tracking.metrics(run)
    assert found["nan"][3] == 1
    assert (found["up"][0], found["down"][0]) == (math.inf, -math.inf)
    latest = tracking.service.latest_metrics(_Workspace(), [run])[run]
    assert math.isnan(latest["nan"])


def test_the_history_comes_in_pages_by_time_then_step(tracking: Bench) -> None:
    run = tracking.run()
    points = [Point("m", float(i), i // 4, 1000 - i) for i in range(25)]
    tracking.log(run, *reversed(points))
    found, token, pages = [], None, 0
    while True:
        page = tracking.service.runs.history(tracking.caller, run, "m", 10, token)
        found += [(p[1], p[2]) for p in page.items]
        pages, token = pages + 1, page.token
        if token is None:
            break
    assert pages == 3
    assert found == sorted((p.timestamp, p.step) for p in points)


def test_a_sample_of_a_history_is_spread_over_it(tracking: Bench) -> None:
    run, empty = tracking.run(), tracking.run()
    tracking.log(run, *[Point("m", float(i), i, i) for i in range(500)])

    def sample(most: int, steps: tuple[int, int] | None = None) -> list[int]:
        found = tracking.service.runs.history_sample(tracking.caller, [run, empty], "m", most, steps)
        return [point.step for _, point in found]

    assert sample(1000) == list(range(500))
    assert sample(5) == [0, 125, 250, 374, 499]
    assert sample(1) == [499]
    assert sample(3, (100, 102)) == [100, 101, 102]


def test_a_parameter_is_written_once(tracking: Bench) -> None:
    run = tracking.run()
    tracking.log(run, params=[("a", "1"), ("b", "")])
    tracking.log(run, params=[("a", "1"), ("b", "")])
    for changed in ([("a", "2")], [("b", "x")], [("c", "1"), ("a", "")]):
        with pytest.raises(LapisError, match="Changing param values is not allowed") as caught:
            tracking.log(run, Point("m", 1.0, 1, 1), params=changed)
        assert caught.value.code is ErrorCode.USAGE
    found = tracking.service.runs.get(tracking.caller, run)
    assert found.params == [("a", "1"), ("b", "")]
    assert found.metrics == []


def test_tags_are_overwritten_and_name_the_run(tracking: Bench) -> None:
    run = tracking.run(name="first", tags={"a": "1"})
    tracking.log(run, tags=[("a", "2"), ("mlflow.runName", "second")])
    found = tracking.service.runs.get(tracking.caller, run)
    assert dict(found.tags) == {"a": "2", "mlflow.runName": "second"}
    assert found.info.name == "second"


def test_runs_that_are_missing_deleted_or_in_another_workspace_take_nothing(tracking: Bench) -> None:
    run = tracking.run()
    point = Point("m", 1.0, 1, 1)
    for caller, run_id, code in (
        (tracking.caller, "nothing", ErrorCode.NOT_FOUND),
        (tracking.elsewhere, run, ErrorCode.NOT_FOUND),
        (Caller(1, "one", "other", job="other"), run, ErrorCode.FORBIDDEN),
    ):
        with pytest.raises(LapisError) as caught:
            tracking.log(run_id, point, caller=caller)
        assert caught.value.code is code
    tracking.service.runs.delete(tracking.caller, run)
    with pytest.raises(LapisError, match="must be in the 'active' state"):
        tracking.log(run, point)
    tracking.service.runs.restore(tracking.caller, run)
    tracking.log(run, point)


def test_a_further_point_of_a_known_metric(tracking: Bench) -> None:
    """On PostgreSQL it goes by a shorter way, which must end in the same."""
    run, other = tracking.run(), tracking.run()
    for r in (run, other):
        tracking.log(r, Point("m", 1.0, 10, 5), Point("n", 1.0, 10, 5))
    tracking.log(
        run, Point("m", 2.0, 11, 6), Point("m", math.nan, 12, 6), Point("n", 0.0, 1, 1), Point("m", 2.0, 11, 6)
    )
    assert tracking.metrics(run) == {"m": (0.0, 12, 6, 1), "n": (1.0, 10, 5, 0)}
    assert len(tracking.service.runs.history(tracking.caller, run, "m").items) == 3
    with pytest.raises(LapisError) as caught:
        tracking.log(run, Point("m", 3.0, 13, 7), caller=Caller(1, "one", "x", job="another"))
    assert caught.value.code is ErrorCode.FORBIDDEN

    async def together() -> list[BaseException | None]:
        entries = [LogEntry(tracking.caller, r, [Point("m", 9.0, 20, 20)]) for r in (run, other)]
        return await asyncio.gather(*[tracking.service.runs.log(e) for e in entries], return_exceptions=True)

    tracking.service.runs.delete(tracking.caller, run)
    refused, taken = asyncio.run(together())
    assert (getattr(refused, "code", None), taken) == (ErrorCode.USAGE, None)
    tracking.service.runs.restore(tracking.caller, run)
    assert asyncio.run(together()) == [None, None]
    assert tracking.metrics(run)["m"][0] == tracking.metrics(other)["m"][0] == 9.0


def test_a_broken_connection_is_replaced(tracking: Bench, database_url: str) -> None:
    if tracking.database.is_sqlite:
        pytest.skip("SQLite has no connections that break")
    run = tracking.run()
    for step in range(3):
        tracking.log(run, Point("m", 1.0, step, step))
    killer = Database(database_url)
    with killer.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    killer.close()
    for step in range(3, 6):
        tracking.log(run, Point("m", 1.0, step, step))
    assert len(tracking.service.runs.history(tracking.caller, run, "m").items) == 6


def test_requests_of_one_turn_do_not_spoil_each_other(tracking: Bench) -> None:
    runs = [tracking.run() for _ in range(3)]
    tracking.log(runs[1], params=[("p", "old")])

    async def all_at_once() -> list[BaseException | None]:
        entries = [LogEntry(tracking.caller, run, [Point("m", 1.0, 1, 1)], [("p", "new")]) for run in runs]
        entries.append(LogEntry(tracking.caller, "nothing", [Point("m", 1.0, 1, 1)]))
        return await asyncio.gather(*[tracking.service.runs.log(e) for e in entries], return_exceptions=True)

    outcomes = asyncio.run(all_at_once())
    assert [getattr(o, "code", None) for o in outcomes] == [None, ErrorCode.USAGE, None, ErrorCode.NOT_FOUND]
    assert [tracking.metrics(run) != {} for run in runs] == [True, False, True]


def test_an_operation_that_fails_leaves_its_neighbours_written(tracking: Bench) -> None:
    """Both come in one turn: the thread is held up by a writer until both wait."""
    run = tracking.run()
    with ThreadPoolExecutor(4) as pool:
        with tracking.database.write():
            waiting = [
                pool.submit(tracking.service.experiments.create, tracking.caller, "Default"),
                pool.submit(tracking.log, run, Point("m", 1.0, 1, 1)),
                pool.submit(tracking.service.experiments.create, tracking.caller, "fresh"),
            ]
        with pytest.raises(LapisError) as caught:
            waiting[0].result(30)
        assert caught.value.code is ErrorCode.ALREADY_EXISTS
        waiting[1].result(30)
        assert waiting[2].result(30).isdecimal()
    assert tracking.metrics(run)["m"][0] == 1.0


def test_two_who_make_the_same_at_once_get_one_and_one_refusal(tracking: Bench) -> None:
    def make(number: int) -> str | ErrorCode:
        try:
            return tracking.service.experiments.create(tracking.caller, f"e{number // 2}")
        except LapisError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(make, range(20)))
    assert outcomes.count(ErrorCode.ALREADY_EXISTS) == 10
    assert len({outcome for outcome in outcomes if outcome is not ErrorCode.ALREADY_EXISTS}) == 10


def test_many_threads_and_coroutines_log_at_once_and_nothing_is_lost(tracking: Bench) -> None:
    run, other = tracking.run(), tracking.run()

    async def coroutines() -> None:
        await asyncio.gather(
            *[
                tracking.service.runs.log(LogEntry(tracking.caller, run, [Point("m", float(i), i, i)]))
                for i in range(200)
            ]
        )

    def thread(number: int) -> None:
        for i in range(50):
            tracking.log(other, Point(f"t{number}", float(i), i, i), Point("shared", float(i), number, i))

    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(thread, number) for number in range(4)]
        waiting.append(pool.submit(lambda: asyncio.run(coroutines())))
        for one in waiting:
            one.result(60)
    assert len(tracking.service.runs.history(tracking.caller, run, "m").items) == 200
    assert len(tracking.service.runs.history(tracking.caller, other, "shared").items) == 200
    assert tracking.metrics(other)["shared"] == (49.0, 3, 49, 0)


def test_two_servers_log_to_one_run(tracking: Bench, database_url: str) -> None:
    if tracking.database.is_sqlite:
        pytest.skip("SQLite serves one server")
    second = TrackingService(Database(database_url), tracking.service.experiments._clock)
    run = tracking.run()
    services = [tracking.service, second]

    def work(number: int) -> None:
        for i in range(40):
            entry = LogEntry(tracking.caller, run, [Point("m", float(i), number, i)], [(f"p{i}", "same")])
            services[number].runs.log_and_wait(entry)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    second.close()
    assert len(tracking.service.runs.history(tracking.caller, run, "m").items) == 80
    assert tracking.metrics(run)["m"] == (39.0, 1, 39, 0)
    assert len(tracking.service.runs.get(tracking.caller, run).params) == 40


def test_the_event_loop_never_waits_for_another_writer(tracking: Bench) -> None:
    """While a transaction is open elsewhere, the loop goes on; the point is written when it has ended."""
    run = tracking.run()
    if not tracking.database.is_sqlite:
        pytest.skip("on PostgreSQL a thread writes always")

    async def scenario() -> bool:
        with tracking.database.write():
            entry = LogEntry(tracking.caller, run, [Point("m", 1.0, 1, 1)])
            waiting = asyncio.create_task(tracking.service.runs.log(entry))
            for _ in range(5):
                await asyncio.sleep(0)
            pending = not waiting.done()
        await asyncio.wait_for(waiting, 30)
        return pending

    assert asyncio.run(scenario())
    assert tracking.metrics(run)["m"][0] == 1.0


def test_after_closing_nothing_is_accepted_and_everything_handed_in_is_written(tracking: Bench) -> None:
    run = tracking.run()
    with ThreadPoolExecutor(1) as pool:
        with tracking.database.write():
            waiting = pool.submit(tracking.log, run, Point("m", 1.0, 1, 1))
        tracking.service.close()
        with pytest.raises(RuntimeError):
            tracking.log(run, Point("m", 2.0, 2, 2))
        try:
            waiting.result(30)
        except RuntimeError:
            return
    assert tracking.metrics(run)["m"][0] == 1.0


def test_a_jobs_run(tracking: Bench) -> None:
    service, workspace = tracking.service, _Workspace()
    tags = {"a": "1"}
    for name in ("My job", "Other"):  # the second changes nothing
        write = service.run_creation(workspace, "exp", "calm_fennel_1", run_name=name, tags=tags, parent_run_id="p")
        with tracking.database.write() as connection:
            write(connection)
    made = service.runs.info(tracking.caller, "calm_fennel_1")
    assert made.name == "My job"
    assert made.status == JobState.QUEUED
    assert service.artifact_root(workspace, made.run_id).endswith("/ExperimentRun/dcid.calm_fennel_1/")

    service.set_run_status(workspace, made.run_id, JobState.RUNNING)
    service.runs.update(tracking.caller, made.run_id, status=JobState.COMPLETED, end_time=5)
    service.set_run_status(workspace, made.run_id, JobState.FINALIZING)
    assert service.runs.info(tracking.caller, made.run_id).status == JobState.COMPLETED
    service.set_run_status(workspace, made.run_id, JobState.FAILED, 7)
    info = service.runs.info(tracking.caller, made.run_id)
    assert (info.status, info.end_time) == (JobState.FAILED, 7)

    service.update_run(
        workspace, made.run_id, run_name="Renamed", tags={"b": "2"}, removed_tags=["a"], experiment_name="other"
    )
    found = service.runs.get(tracking.caller, made.run_id)
    expected = {"b": "2", "mlflow.runName": "Renamed", "mlflow.parentRunId": "p"}
    assert (found.info.name, dict(found.tags)) == ("Renamed", expected)
    assert service.experiments.get(tracking.caller, found.info.experiment_id).name == "other"

    samples = [(info.start_time + 2500, {"system/cpu": 0.5}), (info.start_time + 4000, {"system/cpu": 0.7})]
    for _ in range(2):
        service.log_system_metrics(workspace, made.run_id, samples)
    points = service.runs.history(tracking.caller, made.run_id, "system/cpu").items
    assert [(p[2], p[0]) for p in points] == [(2, 0.5), (4, 0.7)]


class _Workspace:
    id = 1
    name = "one"
