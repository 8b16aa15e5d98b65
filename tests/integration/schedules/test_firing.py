"""Schedules that fire, on a clock of the test's own and a real database."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.schedules.missed import MissedRuns, Policy
from lapisml.server.features.schedules.firing import KEPT_FIRINGS, MISSED_PROPERTY
from lapisml.testing.clock import FakeClock
from tests.integration.schedules.conftest import NewServer
from tests.integration.schedules.server import COMMAND, KilledError, Server
from tests.support.polling import eventually

HOUR = 60
STORE = "azureml://datastores/workspaceblobstore/paths"


def test_a_schedule_makes_a_job_at_its_time(both: Server) -> None:
    both.create(tags={"team": "a"})
    both.round(44.9)
    assert both.made() == []
    both.round(0.2)
    (job,) = both.made()
    assert job.name.startswith("nightly_20260504T100000Z_")
    assert job.display_name == "nightly-20260504T100000Z"
    assert job.experiment_name == "nightly"
    assert job.properties["azureml.scheduleTrigger.scheduleName"] == "nightly"
    assert job.document["tags"]["azureml.scheduleTrigger.scheduleName"] == "nightly"
    assert job.properties["lapis.schedule_by"] == "trigger"
    both.round()
    both.round(1)
    assert len(both.made()) == 1
    both.round(HOUR)
    assert both.due_of_jobs() == ["2026-05-04T10:00:00", "2026-05-04T11:00:00"]
    assert both.states() == ["Submitted", "Submitted"]


def test_a_recurrence_that_names_no_start_begins_at_once(both: Server) -> None:
    both.create(trigger={"type": "recurrence", "frequency": "minute", "interval": 10})
    both.round()
    both.round(9)
    both.round(1)
    assert both.due_of_jobs() == ["2026-05-04T09:15:00", "2026-05-04T09:25:00"]


def test_values_of_the_run_stand_in_its_inputs(server: Server) -> None:
    inputs = {
        "when": "${{creation_context.trigger_time}}",
        "who": "run ${{name}}",
        "rate": 0.1,
        "data": {
            "type": "uri_folder",
            "path": "azureml://datastores/workspaceblobstore/paths/${{name}}/",
            "mode": "direct",
        },
    }
    outputs = {"out": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/${{name}}/o"}}
    command = "echo ${{inputs.when}} ${{inputs.who}} ${{inputs.data}} ${{inputs.rate}} ${{outputs.out}}"
    server.create(create_job={**COMMAND, "command": command, "inputs": inputs, "outputs": outputs})
    server.round(45)
    (job,) = server.made()
    assert job.document["inputs"]["when"] == "2026-05-04T10:00:00Z"
    assert job.document["inputs"]["who"] == f"run {job.name}"
    assert job.document["inputs"]["data"]["path"].endswith(f"/{job.name}/")
    assert job.document["inputs"]["rate"] == 0.1
    assert job.document["command"] == command


@pytest.mark.parametrize("seed", range(3))
def test_however_the_clock_moves_each_moment_makes_one_job(server: Server, clock: FakeClock, seed: int) -> None:
    chance = random.Random(seed)
    server.create(trigger={"type": "cron", "expression": "*/20 * * * *"})
    begin = now = clock.now_ms()
    highest = begin
    for _ in range(60):
        server.round(chance.choice([1, 5, 0.5, 0.99, 1, -3, 0.01]))
        now = clock.now_ms()
        highest = max(highest, now)
    while now < highest:
        server.round(0.9)
        now = clock.now_ms()
    first = begin // 1_200_000 + 1
    expected = [moment * 1_200_000 for moment in range(first, highest // 1_200_000 + 1)]
    found = [firing.due for firing in server.history()]
    assert sorted(found) == expected
    assert len(server.made()) == len(expected) > 0


def test_a_clock_that_was_far_ahead_loses_and_doubles_nothing(both: Server, clock: FakeClock) -> None:
    both.create()
    both.round(45)
    year = 365 * 24 * HOUR
    both.round(year)
    assert len(both.made()) == 2
    clock.advance(-year * 60_000)
    both.round(HOUR - 1)
    both.round(1)
    for _ in range(2):
        both.round(HOUR)
    dues = both.due_of_jobs()
    assert dues[:1] + dues[2:] == [f"2026-05-04T1{hour}:00:00" for hour in range(4)]
    both.round(-HOUR)
    both.round(HOUR)
    assert len(both.made()) == 5


def test_a_moment_that_a_wrong_clock_skipped_comes_when_the_clock_is_right(both: Server) -> None:
    both.create()
    both.round(105.2)
    assert both.due_of_jobs() == ["2026-05-04T11:00:00"]
    both.round(-HOUR)
    assert both.due_of_jobs() == ["2026-05-04T11:00:00", "2026-05-04T10:00:00"]
    both.round(HOUR)
    assert len(both.made()) == 2


def test_the_longest_name_fits(both: Server) -> None:
    name = "n" * 255
    both.create(name)
    both.round(45)
    (job,) = both.made()
    assert job.display_name == f"{'n' * 230}-20260504T100000Z"
    assert job.experiment_name == name


def test_the_latest_missed_run_is_made_up_for(both: Server) -> None:
    both.create()
    both.round(5 * HOUR)
    assert both.due_of_jobs() == ["2026-05-04T14:00:00"]
    assert both.states() == ["PassedOver", "Submitted"]
    assert "4 moments from 2026-05-04T10:00:00" in both.history()[0].reason
    both.round(HOUR)
    assert both.due_of_jobs()[1:] == ["2026-05-04T15:00:00"]


@pytest.mark.parametrize(("missed", "count"), [("all", 5), ("none", 0), ("latest", 1)])
def test_a_schedule_says_what_to_do_about_missed_runs(server: Server, missed: str, count: int) -> None:
    server.create(properties={MISSED_PROPERTY: missed})
    server.round(5 * HOUR)
    assert len(server.made()) == count
    server.round(46)
    assert len(server.made()) == count + 1


def test_the_server_says_it_for_the_others(new_server: NewServer) -> None:
    server = new_server(policy=Policy(MissedRuns.ALL, 2 * 3_600_000))
    server.create()
    server.round(5 * HOUR)
    assert server.due_of_jobs() == ["2026-05-04T13:00:00", "2026-05-04T14:00:00"]


def test_a_refused_job_stands_in_the_history_and_the_schedule_goes_on(both: Server) -> None:
    both.computes.create_or_update(both.ws, {"name": "cpu", "type": "amlcompute", "max_instances": 1}, "ann")
    both.create(create_job={**COMMAND, "compute": "azureml:cpu"})
    both.computes.delete(both.ws, "cpu")
    both.round(45)
    assert both.made() == []
    (firing,) = both.history()
    assert firing.state == "Failed"
    assert "there is no compute 'cpu'" in firing.reason
    both.computes.create_or_update(both.ws, {"name": "cpu", "type": "amlcompute", "max_instances": 1}, "ann")
    both.round(HOUR)
    assert both.due_of_jobs() == ["2026-05-04T11:00:00"]
    assert both.states() == ["Submitted", "Failed"]


def test_what_passes_is_tried_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.create()
    works = server.jobs.submit

    def full(*_: Any) -> Any:
        raise LapisError(ErrorCode.STORAGE_FULL, "The disk is full.")

    monkeypatch.setattr(server.jobs, "submit", full)
    server.round(45)
    assert server.states() == ["Recorded"]
    monkeypatch.setattr(server.jobs, "submit", works)
    server.round(0.2)
    assert server.states() == ["Submitted"]
    assert server.due_of_jobs() == ["2026-05-04T10:00:00"]


def test_a_fault_of_ours_fails_one_firing_only(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.create("bad")
    server.create("good")
    works = server.jobs.submit

    def broken(workspace: Any, name: str, *rest: Any) -> Any:
        if name.startswith("bad"):
            raise ZeroDivisionError
        return works(workspace, name, *rest)

    monkeypatch.setattr(server.jobs, "submit", broken)
    server.round(45)
    assert (server.states("bad"), server.states("good")) == (["Failed"], ["Submitted"])


def test_two_servers_fire_each_moment_once(new_server: NewServer, clock: FakeClock) -> None:
    servers = [new_server("one"), new_server("two"), new_server("three")]
    for n in range(4):
        servers[0].create(f"s{n}")
    with ThreadPoolExecutor(3) as pool:
        for _ in range(4):
            clock.advance(30 * 60_000)
            list(pool.map(lambda server: server.part.firer.round(), servers))
    clock.advance(20_000)
    servers[0].round()
    for n in range(4):
        assert len(servers[0].history(f"s{n}")) == 2
        assert set(servers[0].states(f"s{n}")) == {"Submitted"}
    assert len(servers[0].made()) == 8


def _ends(server: Server) -> bool:
    """Let a server do its round and say whether that was its end."""
    try:
        server.part.firer.round()
    except KilledError:
        return True
    return False


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_killed_at_any_write_neither_loses_nor_doubles(
    new_server: NewServer, clock: FakeClock, when: str
) -> None:
    heir, is_killed, n = new_server("heir"), True, 0
    while is_killed:
        n += 1
        name, mortal = f"s{n}", new_server(f"mortal{n}")
        heir.create(name)
        clock.advance(HOUR * 60_000)
        setattr(mortal.database, f"ends_{when}", n)
        is_killed = _ends(mortal)
        heir.round(0.2)  # the lease of the one that ended has run out
        heir.round()
        (firing,) = heir.history(name)
        assert firing.state == "Submitted"
        assert [job.name for job in heir.made() if job.name.startswith(f"{name}_")] == [firing.job_name]
        heir.part.service.set_enabled(heir.ws, name, enabled=False)
    assert n > 5, "claim, decision, renewal, job, settlement"


def test_a_wish_of_a_killed_server_is_carried_out(new_server: NewServer, clock: FakeClock) -> None:
    mortal, heir = new_server("mortal"), new_server("heir")
    heir.create()
    mortal.database.ends_after = mortal.database.writes + 1
    with pytest.raises(KilledError):
        mortal.part.service.trigger(mortal.ws, "nightly", "wish-1")
    clock.advance(1000)
    heir.round()
    name = heir.part.service.trigger(heir.ws, "nightly", "wish-1")
    assert [job.name for job in heir.made()] == [name]
    assert heir.part.service.trigger(heir.ws, "nightly", "wish-2") != name
    assert heir.part.service.trigger(heir.ws, "nightly") not in (name, None)
    assert len(heir.made()) == 3


def test_history_has_an_end(server: Server) -> None:
    server.create(trigger={"type": "recurrence", "frequency": "minute", "interval": 1})
    record = server.get()
    from lapisml.server.features.schedules import store
    from lapisml.server.features.schedules.records import FiringState

    with server.database.write() as connection:
        for n in range(KEPT_FIRINGS + 20):
            store.record(connection, record.id, n, f"old{n}", FiringState.PASSED_OVER, n)
    server.round(1)
    found = server.part.service.history(record, 10_000)
    assert len(found) == KEPT_FIRINGS
    assert found[0].state == "Submitted"


def test_the_worker_wakes_for_changes_and_for_moments(server: Server, clock: FakeClock) -> None:
    server.part.worker.start()
    try:
        server.create("soon", trigger={"type": "recurrence", "frequency": "hour", "interval": 1})
        eventually(lambda: len(server.made()) == 1, what="the first job")
        clock.advance(HOUR * 60_000)
        server.part.service.set_enabled(server.ws, "soon", enabled=True)  # no change: nobody is woken
        server.create("other")
        eventually(lambda: len(server.made()) == 2, what="the second job")
    finally:
        server.part.worker.stop()


def test_the_worker_sleeps_until_the_next_moment(server: Server, clock: FakeClock) -> None:
    firer = server.part.firer
    assert firer.seconds_left() is None
    server.create()
    assert firer.seconds_left() == 45 * 60
    clock.advance(50 * 60_000)
    assert firer.seconds_left() == 0
    firer.round()
    assert firer.seconds_left() == 55 * 60
