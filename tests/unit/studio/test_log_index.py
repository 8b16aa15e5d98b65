"""Lines of a log by number, against the log itself."""

from __future__ import annotations

import random

import pytest

from lapisml.server.features.jobs import log_index
from lapisml.server.features.jobs.log_index import LogIndexes, Window

KEY = (1, 1, "user_logs/std_log.txt")


class Log:
    """Bytes that can grow, read as a job's log is."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.reads = 0

    def read(self, offset: int, limit: int) -> tuple[bytes, int]:
        self.reads += 1
        return self.data[offset : offset + limit], len(self.data)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_index, "BLOCK", 64)
    monkeypatch.setattr(log_index, "LONGEST", 100)


def _random_log(seed: int) -> bytes:
    chance = random.Random(seed)
    lines = ["x" * chance.choice([0, 1, 3, 20, 63, 64, 65, 90]) + str(n) for n in range(chance.randint(0, 60))]
    tail = chance.choice(["", "no end yet"])
    return "".join(f"{line}\n" for line in lines).encode() + tail.encode()


@pytest.mark.parametrize("seed", range(40))
def test_any_window_of_a_log_that_grows_is_what_stands_there(seed: int) -> None:
    whole, indexes, log = _random_log(seed), LogIndexes(), Log()
    chance = random.Random(seed)
    while True:
        log.data = whole[: len(log.data) + chance.randint(1, 200)]
        lines = log.data.decode().split("\n")[:-1]
        first, count = chance.randint(-70, 70), chance.randint(0, 70)
        window = indexes.window(KEY, log.read, first, count)
        begin = max(0, len(lines) + first) if first < 0 else min(first, len(lines))
        end = len(log.data) if not lines else len("\n".join(lines).encode()) + 1
        end = 0 if not lines else end
        assert window == Window(begin, lines[begin : begin + count], len(lines), end, len(log.data), True)
        if log.data == whole:
            return


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_is_what_is_there(seed: int) -> None:
    log = Log(_random_log(seed))
    lines = log.data.decode().split("\n")[:-1]
    holding = [n for n, line in enumerate(lines) if "X1" in line.upper()]
    found: list[int] = []
    place: int | None = 0
    while place is not None:
        part = LogIndexes().find(KEY, log.read, "X1", place, 2, match_case=False)
        found, place = [*found, *part.lines], part.next_line
    assert found == holding
    assert LogIndexes().find(KEY, log.read, "X1", 0, 100, match_case=True).lines == []


def test_a_log_is_read_once_and_then_only_what_came() -> None:
    log, indexes = Log(b"line\n" * 1000), LogIndexes()
    indexes.window(KEY, log.read, 0, 0)
    log.reads = 0
    log.data += b"more\n"
    assert indexes.window(KEY, log.read, -1, 1).lines == ["more"]
    assert log.reads <= 4


def test_a_look_ends_after_a_moment_and_goes_on_at_the_next() -> None:
    moments = iter(range(10_000))
    indexes = LogIndexes(clock=lambda: next(moments))
    log = Log(b"line\n" * 1000)
    window = indexes.window(KEY, log.read, 0, 1)
    assert not window.is_whole
    assert 0 < window.total < 1000
    for _ in range(100):
        window = indexes.window(KEY, log.read, 0, 1)
    assert (window.total, window.is_whole) == (1000, True)


def test_a_very_long_line_is_cut_and_the_others_stay() -> None:
    log = Log(b"a" * 5000 + b"\nnext\n")
    window = LogIndexes().window(KEY, log.read, 0, 10)
    assert [len(line) for line in window.lines] == [100, 4]


def test_another_log_by_the_same_name_is_read_anew() -> None:
    log, indexes = Log(b"old\nold\n"), LogIndexes()
    indexes.window(KEY, log.read, 0, 1)
    log.data = b"new\n"
    assert indexes.window(KEY, log.read, 0, 9).lines == ["new"]
