"""Small parts of the keeper: logs, environments of faster forms, connections, last words."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from lapisml.ports import serving
from lapisml.ports.serving import Places, RevisionRecord
from lapisml.runner import processes
from lapisml.runner.endings import log_tail
from lapisml.runner.serving.accelerating import SWITCH, Acceleration
from lapisml.runner.serving.conversion import PACKAGES, derived
from lapisml.runner.serving.logs import trim
from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.replica import connections
from lapisml.runner.serving.report import Report

REVISION = "0123456789ab"


def plan(home: Path, **changes: Any) -> Plan:
    """A keeper's plan."""
    plain: dict[str, Any] = {
        "endpoint": "e", "deployment": "d", "revision": REVISION, "kind": "script", "serving_home": str(home),
        "job": "j", "wake_socket": None, "python": "python", "work": str(home), "model_dir": None, "model_path": None,
        "script": None, "max_concurrent": 1, "timeout_s": 5.0, "max_queue_wait_s": 0.5, "accelerate": False,
        "folder": str(home), "logs": str(home), "home": str(home), "verdict": str(home / "verdict.json"),
    }  # fmt: skip
    return Plan(**{**plain, **changes})


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = plan(tmp_path, scale={"type": "default", "instances": 2}, environment={"key": "k"})
    written.write(str(tmp_path / "plan.json"))
    assert Plan.read(str(tmp_path / "plan.json")) == written


def test_a_long_log_keeps_its_end_and_those_who_write_go_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab", buffering=0) as writer:
        for number in range(1000):
            writer.write(b"line %d\n" % number)
        trim(str(path), limit=20_000)
        assert path.read_bytes().startswith(b"line 0\n")
        trim(str(path), limit=5000, keep=100)
        writer.write(b"the next\n")
    lines = path.read_text().splitlines()
    assert lines[0] == "[lapis] Earlier lines were dropped."
    assert lines[-2:] == ["line 999", "the next"]
    assert path.stat().st_size < 300


def test_a_tail_begins_where_the_last_start_did(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("of the one before\nof this one\n")
    assert log_tail(str(path), 18) == "of this one"
    assert log_tail(str(path), 10_000) == "of the one before\nof this one"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"conda": {"dependencies": ["python=3.11", "pip", {"pip": ["mlflow==3.4.0"]}]}},
         {"dependencies": ["python=3.11", "pip", {"pip": ["mlflow==3.4.0", *PACKAGES]}]}),
        ({"conda": {"dependencies": ["python=3.11", "pip<=24"]}},
         {"dependencies": ["python=3.11", "pip<=24", {"pip": [*PACKAGES]}]}),
        ({"conda": {"name": "x", "dependencies": ["numpy"]}},
         {"name": "x", "dependencies": ["numpy", "pip", {"pip": [*PACKAGES]}]}),
        ({"conda": {}}, {"dependencies": ["pip", {"pip": [*PACKAGES]}]}),
    ],
)  # fmt: skip
def test_the_converters_join_what_a_conda_file_asks_for(given: dict[str, Any], expected: dict[str, Any]) -> None:
    made = derived({"name": "sk", "version": "3", "requirements": None, **given})
    assert (made["conda"], made["requirements"], made["name"]) == (expected, None, "sk with converters")


def test_the_converters_join_requirements_and_images() -> None:
    assert derived({"conda": None, "requirements": ["a==1"], "image": None})["requirements"] == ["a==1", *PACKAGES]
    assert derived({"conda": None, "requirements": None, "image": "sk"})["requirements"] == [*PACKAGES]


@pytest.mark.parametrize("folder", ["short", "deep" * 40])
def test_connections_are_counted_those_in_the_queue_too(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    path = tmp_path / folder / f"{REVISION}{len(folder)}.0.sock"
    listening = serving.bound(path, socket.SOCK_STREAM)
    assert connections(path) == 0
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        for one in (first, second):
            with serving.connectable(path) as address:
                one.connect(address)
        taken, _ = listening.accept()
        assert connections(path) == 2
    taken.close()
    listening.close()
    assert connections(path) == 0


def test_a_keeper_that_was_replaced_has_no_last_word(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    report = Report(plan(tmp_path), places)
    report.say("ready", [], 1, {})
    found = serving.read(RevisionRecord, places.record(REVISION))
    assert found is not None
    assert found.keeper is not None
    assert (found.state, found.keeper["pid"]) == ("ready", os.getpid())
    serving.write(places.record(REVISION), RevisionRecord(REVISION, state="ready", keeper={"pid": 1}))
    report.last_word("stopped")
    after = serving.read(RevisionRecord, places.record(REVISION))
    assert after is not None
    assert after.state == "ready"


def test_gateway_and_server_are_told_of_a_change_and_only_of_a_change(tmp_path: Path) -> None:
    places = Places(tmp_path / "serving")
    places.make()
    gateway = serving.bound(places.wake, socket.SOCK_DGRAM)
    server = serving.bound(tmp_path / "wake.sock", socket.SOCK_DGRAM)
    report = Report(plan(tmp_path, serving_home=str(places.home), wake_socket=str(tmp_path / "wake.sock")), places)
    for _ in range(3):
        report.say("ready", [], 1, {})
    assert server.recv(100) == b"j"
    assert REVISION.encode() in gateway.recv(100)
    for one in (gateway, server):
        with pytest.raises(BlockingIOError):
            one.recv(100)
        one.close()


@pytest.mark.parametrize(
    ("variables", "changes", "state"),
    [
        ({}, {}, "pending"),
        ({SWITCH: "1"}, {}, "pending"),
        ({SWITCH: "0"}, {}, "off"),
        ({SWITCH: "False"}, {}, "off"),
        ({}, {"accelerate": False}, "off"),
        ({}, {"model_path": None}, "off"),
    ],
)
def test_who_wants_the_model_itself_gets_it(
    tmp_path: Path, variables: dict[str, str], changes: dict[str, Any], state: str
) -> None:
    asked = plan(tmp_path, **{"accelerate": True, "model_path": str(tmp_path), **changes})
    acceleration = Acceleration(asked, variables, lambda: 1, lambda _: None)
    assert acceleration.facts["state"] == state
    acceleration.close()


def test_a_helper_that_is_not_wanted_any_more_is_ended(tmp_path: Path) -> None:
    asked = plan(tmp_path, accelerate=True, model_path=str(tmp_path))
    acceleration = Acceleration(asked, dict(os.environ), lambda: 1, lambda _: None)
    before = set(processes.children(os.getpid()))
    assert acceleration.turn() is None
    assert acceleration.descriptors()
    started = set(processes.children(os.getpid())) - before
    assert started
    acceleration.close()
    assert acceleration.descriptors() == []
    assert not started & set(processes.children(os.getpid()))
