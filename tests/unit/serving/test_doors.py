"""Doors: what keepers of several machines amount to, and what is made of bad words."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.ports.serving import RevisionRecord, ShareRecord
from lapisml.runner.serving import doorkeeper, doors
from lapisml.runner.serving.scaling import Autoscaler, Scale
from tests.support.processes import free_port


@pytest.mark.parametrize(
    ("load", "takes", "parts"),
    [
        (0.0, [1.0, 1.0], [0.0, 0.0]),
        (0.5, [1.0, 1.0], [0.5, 0.0]),
        (2.5, [1.0, 1.0], [1.0, 1.5]),
        (9.0, [2.0, 3.0, 1.0], [2.0, 3.0, 4.0]),
        (3.0, [], []),
    ],
)
def test_a_load_fills_one_machine_after_the_other(load: float, takes: list[float], parts: list[float]) -> None:
    assert doors.split_load(load, takes) == parts


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], "starting"),
        (["failed", "ready"], "ready"),
        (["zero", "starting"], "starting"),
        (["zero", "failed"], "zero"),
        (["failed"], "failed"),
        (["stopped"], "stopped"),
    ],
)
def test_the_state_of_all(states: list[str], state: str) -> None:
    assert doors.state_of(states) == state


def test_a_record_that_is_none_is_not_believed() -> None:
    assert doors.read_record(b"") is None
    assert doors.read_record(b"[1]") is None
    assert doors.read_record(b'{"state": "ready"}') is None
    known = doors.read_record(b'{"revision": "x", "later": 1, "shares": [{"name": "0", "later": 2}], "door": 7}')
    assert known == RevisionRecord("x", shares=(ShareRecord("0"),), door=7)


def test_nobody_behind_a_door(tmp_path: Path) -> None:
    with pytest.raises(doors.DoorError):
        doors.tell_keeper("127.0.0.1", free_port(), tmp_path / "none.pem", "b" * 12, {})
    assert not doors.answers("127.0.0.1", free_port(), tmp_path / "none.pem", "b" * 12)


def test_addresses_of_this_machine() -> None:
    found = doors.own_addresses()
    assert found[-1] == "127.0.0.1"
    assert len(found) == len(set(found))


def test_a_door_keeps_to_the_ports_that_it_is_given() -> None:
    port = free_port()
    with doorkeeper._listening(str(port)) as first:
        assert first.getsockname()[1] == port
        with pytest.raises(OSError, match="are taken"):
            doorkeeper._listening(f"{port}-{port}")
    with pytest.raises(OSError, match="range of ports"):
        doorkeeper._listening("some")


def test_a_keeper_may_begin_with_none_and_says_what_it_takes() -> None:
    scale = Scale.of({"type": "target_utilization", "min": 0, "max": 2, "target_percent": 50, "start": 0})
    assert Autoscaler(scale, 0.0).wanted == 0
    assert scale.takes(3) == 3.0
    assert Scale.of({"type": "default", "instances": 2}).takes(1) == 2.0
    waked = Autoscaler(scale, 0.0)
    waked.load(1, 1.0)
    assert waked.wanted == 1
