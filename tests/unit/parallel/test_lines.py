"""The connection between a driver and the crew of another machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.runner.parallel import line
from lapisml.runner.parallel.line import Line, LineError
from tests.support.polling import eventually

SECRET = b"the secret of the job"


class Ends:
    """Both ends of a connection, and what stands between them: everything passes through `tamper`."""

    def __init__(self, folder: Path, tamper: Callable[[bytes], bytes] = lambda data: data) -> None:
        ours, between = socket.socketpair()
        beyond, theirs = socket.socketpair()
        self._sockets = (ours, between, beyond, theirs)
        self._tamper = tamper
        self.is_armed = False
        for source, target in ((between, beyond), (beyond, between)):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()
        admitted: list[tuple[int, bytes, bytes]] = []
        door = threading.Thread(target=lambda: admitted.append(line.admit(ours, SECRET)))
        door.start()
        keys = line.introduce(theirs, SECRET, 3)
        door.join()
        self.number = admitted[0][0]
        self.places = [str(folder / f"file{number}") for number in range(4)]
        places = lambda head: self.places[: len(head["sizes"])]  # noqa: E731
        self.driver = Line(ours, admitted[0][1:], places, lambda: None)
        self.crew = Line(theirs, keys, places, lambda: None)
        self.driver.start()
        self.crew.start()

    def close(self) -> None:
        self.driver.close("over")
        self.crew.close("over")
        for each in self._sockets:
            each.close()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(self._tamper(data) if self.is_armed else data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    yield made
    made.close()


def taken(end: Line, count: int = 1) -> list[dict[str, Any]]:
    """Wait for messages."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found.extend(end.received())
        return len(found) >= count

    eventually(look, 20, what="messages")
    return found


def test_messages_and_files_arrive_whole_and_in_order(ends: Ends, tmp_path: Path) -> None:
    assert ends.number == 3
    contents = [bytes(range(256)) * 9000, b"", b"x"]
    files = [tmp_path / name for name in "abc"]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    ends.driver.send({"do": "run", "n": 1}, [str(file) for file in files])
    ends.driver.send({"do": "run", "n": 2})
    first, second = taken(ends.crew, 2)
    assert (first["n"], second["n"], second["placed"]) == (1, 2, [])
    assert [Path(place).read_bytes() for place in first["placed"]] == contents
    ends.crew.send({"is": "done"}, [str(files[0])], remove=True)
    assert taken(ends.driver)[0]["is"] == "done"
    eventually(lambda: not files[0].exists(), 20, what="the file's removal")


def test_the_end_of_one_side_is_seen_by_the_other(ends: Ends) -> None:
    ends.crew.send({"is": "closed"})
    ends.crew.finish(5)
    eventually(lambda: ends.driver.ended is None and bool(ends.driver.received()), 20, what="the last word")
    eventually(lambda: ends.driver.ended is not None, 20, what="the end")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
        lambda data: data + data,
        lambda data: b"\xff" + data[1:],
    ],
    ids=["changed", "repeated", "endless"],
)
def test_what_was_changed_on_the_way_ends_the_line(tmp_path: Path, tamper: Callable[[bytes], bytes]) -> None:
    made = Ends(tmp_path, tamper)
    try:
        made.is_armed = True
        made.driver.send({"do": "run", "text": "y" * 100})
        eventually(lambda: made.crew.received() == [] and made.crew.ended is not None, 20, what="the end")
    finally:
        made.close()


@pytest.mark.parametrize(("ours", "theirs"), [(SECRET, b"another"), (b"another", SECRET)])
def test_another_secret_is_refused_by_both_sides(ours: bytes, theirs: bytes) -> None:
    here, there = socket.socketpair()
    errors: list[Exception] = []

    def admit() -> None:
        with pytest.raises(LineError, match="secret") as caught:
            line.admit(here, ours)
        errors.append(caught.value)
        here.close()

    door = threading.Thread(target=admit)
    door.start()
    with there, pytest.raises((LineError, OSError)):
        line.introduce(there, theirs, 1)
    door.join()
    assert errors


def test_a_driver_that_does_not_know_the_secret_is_not_believed() -> None:
    here, there = socket.socketpair()

    def pretend() -> None:
        here.sendall(b"lapis-crew 1\n" + b"n" * 32)
        here.recv(1 << 10)
        here.sendall(b"p" * 32)

    threading.Thread(target=pretend, daemon=True).start()
    with here, there, pytest.raises(LineError, match="does not know"):
        line.introduce(there, SECRET, 1)


def test_another_program_is_not_taken_for_the_driver() -> None:
    here, there = socket.socketpair()
    here.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 100)
    with here, there, pytest.raises(LineError, match="another program"):
        line.introduce(there, SECRET, 1)


def test_silence_ends_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "QUIET_S", 0.2)
    monkeypatch.setattr(line, "BEAT_S", 20.0)
    made = Ends(tmp_path)
    try:
        eventually(lambda: made.driver.ended is not None, 20, what="the end")
        assert "nothing was heard" in str(made.driver.ended)
    finally:
        made.close()


def test_a_side_with_nothing_to_say_sends_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "BEAT_S", 0.05)
    passed: list[bytes] = []
    made = Ends(tmp_path, lambda data: passed.append(data) or data)
    try:
        made.is_armed = True
        eventually(lambda: len(passed) > 5, 20, what="beats")
        assert made.driver.received() == made.crew.received() == []
        assert made.driver.ended is None
    finally:
        made.close()
