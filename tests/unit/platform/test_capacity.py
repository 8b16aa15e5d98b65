from __future__ import annotations

import errno
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest

from lapisml.server.platform import capacity
from lapisml.server.platform.capacity import DiskReserve
from lapisml.server.platform.errors import is_disk_full
from lapisml.testing.clock import FakeClock

SIZE = 2**20
_Usage = namedtuple("_Usage", "total used free")


@pytest.fixture
def reserve(tmp_path: Path, clock: FakeClock) -> DiskReserve:
    made = DiskReserve(tmp_path / "reserve", SIZE, clock)
    made.prepare()
    return made


def test_the_reserve_takes_real_space(reserve: DiskReserve, tmp_path: Path) -> None:
    stat = (tmp_path / "reserve").stat()
    assert stat.st_size == SIZE
    assert stat.st_blocks * 512 >= SIZE
    assert not reserve.is_full()


def test_a_full_disk_gives_up_the_reserve_and_closes_until_there_is_room(
    reserve: DiskReserve, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity.shutil, "disk_usage", lambda _: _Usage(9 * SIZE, 9 * SIZE, SIZE))
    reserve.note_full()
    assert not (tmp_path / "reserve").exists()
    clock.advance(1000)
    assert reserve.is_full(), "what the reserve gave back is not room to go on"
    monkeypatch.undo()
    clock.advance(1000)
    assert not reserve.is_full()
    assert (tmp_path / "reserve").stat().st_size == SIZE


def test_no_reserve_may_be_asked_for(tmp_path: Path, clock: FakeClock) -> None:
    made = DiskReserve(tmp_path / "reserve", 0, clock)
    made.prepare()
    assert not made.is_full()
    made.note_full()
    assert made.is_full()


def _sqlite_full() -> sqlite3.Error:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA max_page_count=2")
        try:
            connection.execute("CREATE TABLE a (b)")
            connection.execute("INSERT INTO a VALUES (zeroblob(100000))")
        except sqlite3.Error as error:
            return error
    raise AssertionError("SQLite found room")


def test_what_counts_as_a_full_disk() -> None:
    assert is_disk_full(OSError(errno.ENOSPC, "no space"))
    assert is_disk_full(OSError(errno.EDQUOT, "quota"))
    assert is_disk_full(_sqlite_full())
    assert not is_disk_full(OSError(errno.EACCES, "no"))
    assert not is_disk_full(ValueError("disk is full"))
