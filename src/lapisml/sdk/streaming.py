"""Following a job live: its moves and its log, over restarts of the server, without a byte lost or doubled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.session import Session

SILENCE = 45.0
"""Seconds without a byte after which a stream counts as broken; the server sends a sign every 15 s."""

AWAY_LIMIT = 600.0
"""Seconds for which a server may be away while somebody follows."""

WAITING = ("NotStarted", "Queued", "Paused")
"""States in which a job waits for its compute."""

TERMINAL = ("Completed", "Failed", "Canceled")

COMPOSITE = ("pipeline", "sweep")
"""Types of jobs that consist of others, and have no log of their own."""

REST = 0.2
"""Seconds between two tries to reach a server that is away."""

BUILD_LOG = "system_logs/environment.log"


def _ignore(*_: Any) -> None:
    """Take anything and do nothing."""


@dataclass
class Follower:
    """What is told while a job is followed.

    Attributes:
        on_event: takes each move of the job, in order (``{"seq", "at", "status", "code", "reason"}``).
        on_waiting: takes the sentence why the job waits, each time that it changes.
        on_log: takes the next piece of the job's own log.
        on_build: takes the next piece of the log of its environment's build.
        on_away: takes a sentence when the server goes away, or is back.
        on_child: takes each move of a job that a pipeline or a sweep started, at any depth: an event with ``name,
            step, type, parent``, and ``reused_from`` for a result that was taken from an earlier job.
        on_child_waiting: takes the name of such a job and the sentence why it waits, each time that it changes.
        on_note: takes the sentence that says what a pipeline or a sweep is about as a whole.
    """

    on_event: Callable[[dict[str, Any]], None] = _ignore
    on_waiting: Callable[[str], None] = _ignore
    on_log: Callable[[str], None] = _ignore
    on_build: Callable[[str], None] = _ignore
    on_away: Callable[[str], None] = _ignore
    on_child: Callable[[dict[str, Any]], None] = _ignore
    on_child_waiting: Callable[[str, str], None] = _ignore
    on_note: Callable[[str], None] = _ignore


def follow(session: Session, name: str, follower: Follower) -> dict[str, Any]:
    """Follow job `name` until it ends, and return how it ended (``{"status", "code", "reason", "exit_code"}``).

    A stream that breaks is taken up where it stopped.

    Raises:
        LapisError: NotFound; ServerUnreachable, when the server stays away for `AWAY_LIMIT` seconds.
    """
    reader = _Reader(follower)
    path = session.path("jobs", name, "stream")
    while True:
        try:
            for line in session.transport.lines(path, reader.position, SILENCE):
                reader.take(line)
            if reader.end is not None:
                return reader.end
            reader.interrupted(None)
        except LapisError as error:
            if error.code is not ErrorCode.SERVER_UNREACHABLE:
                raise
            reader.interrupted(error)


class _Reader:
    """Passes lines on and remembers how far it got."""

    def __init__(self, follower: Follower) -> None:
        self.position = {"after": 0, "log_offset": 0, "build_offset": 0}
        self.end: dict[str, Any] | None = None
        self._follower = follower
        self._waiting = ""
        self._may_wait = True
        self._away_since: float | None = None

    def take(self, line: dict[str, Any]) -> None:
        """Pass one line on; one without content is the server's sign of life."""
        if self._away_since is not None:
            self._away_since = None
            self._follower.on_away("The server is back.")
        if "event" in line:
            self.position["after"] = line["event"]["seq"]
            self._may_wait = line["event"]["status"] in WAITING
            self._follower.on_event(line["event"])
        elif "log" in line:
            self._take_log(line)
        elif "child" in line:
            self.position["after"] = line["child"]["seq"]
            self._follower.on_child(line["child"])
        elif "waiting" in line and self._may_wait and line["waiting"] != self._waiting:
            self._waiting = line["waiting"]
            self._follower.on_waiting(self._waiting)
        elif "end" in line:
            self.end = line["end"]
        else:
            self._take_notes(line)

    def _take_notes(self, line: dict[str, Any]) -> None:
        if "child_waiting" in line:
            self._follower.on_child_waiting(line["child_waiting"]["name"], line["child_waiting"]["reason"])
        elif "note" in line:
            self._follower.on_note(line["note"])

    def _take_log(self, line: dict[str, Any]) -> None:
        is_build = line["path"] == BUILD_LOG
        (self._follower.on_build if is_build else self._follower.on_log)(line["log"])
        self.position["build_offset" if is_build else "log_offset"] = line["offset"]

    def interrupted(self, error: LapisError | None) -> None:
        """Rest before the next try; give up after `AWAY_LIMIT` seconds.

        Raises:
            LapisError: `error`.
        """
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            self._follower.on_away("The server is away; the job goes on. Waiting for the server …")
        elif error is not None and now - self._away_since > AWAY_LIMIT:
            raise error
        time.sleep(REST)
