"""One builder per key at a time, across threads and processes."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lapisml.ports.environments import Log

_POLL_S = 0.1


@dataclass(frozen=True)
class Held:
    """A lock that is held.

    Attributes:
        descriptor: the lock's open file. A child process that inherits it keeps the lock until it ends too, so
            that nobody clears the folder away below an orphan that still writes to it.
        waited_since: epoch seconds at which waiting began; None when nobody else held the lock.
    """

    descriptor: int
    waited_since: float | None


@contextmanager
def hold_key(path: Path, running_log: Path, log: Log) -> Iterator[Held]:
    """Hold the lock file at `path`; wait for it if need be, passing on what the running build writes.

    The operating system drops the lock when its holder dies.

    Args:
        path: the lock file; made if missing.
        running_log: where the present holder writes its lines.
        log: is told who builds, and given that builder's lines.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        waited = None
        if not _try(descriptor):
            waited = time.time()
            log(f"Another job's build of this environment is running ({_holder(path)}); waiting for it.")
            _wait(descriptor, running_log, log)
        _sign(descriptor)
        yield Held(descriptor, waited)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, running_log: Path, log: Log) -> None:
    follower = _Follower(running_log, log)
    while not _try(descriptor):
        follower.pass_on()
        time.sleep(_POLL_S)
    follower.pass_on()


def _sign(descriptor: int) -> None:
    text = json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _holder(path: Path) -> str:
    try:
        signed = json.loads(path.read_text())
        return f"process {signed['pid']}, since {signed['since']}"
    except (OSError, ValueError, KeyError):
        return "just started"


class _Follower:
    """Passes on the whole lines that are appended to a file, which may be missing or begun anew."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log
        self._offset = 0

    def pass_on(self) -> None:
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._offset = self._offset if self._offset <= size else 0
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            self._log(line)
