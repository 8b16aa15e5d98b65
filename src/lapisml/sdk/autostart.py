"""Starting a server in the background when a command needs one and none runs."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import (
    Address,
    ServerRecord,
    environment_address,
    local_address,
    process_start,
    server_record,
)

READY_WITHIN = 60.0
"""Seconds that a starting server may take until it answers."""

STOP_WITHIN = 30.0
"""Seconds that a server may take to end after it was asked to."""


def locate(
    home: Path,
    *,
    start: bool,
    notify: Callable[[str], None],
    url: str | None = None,
    token: str | None = None,
) -> Address:
    """Find the server, or start one over `home` when none runs.

    Args:
        home: LAPIS_HOME.
        start: whether starting is allowed.
        notify: told in one line when a server is started.
        url: the server's address; LAPIS_URL when None, and without that the server over `home`.
        token: its access token; see `environment_address`.

    Raises:
        LapisError: ServerUnreachable, when none runs and none may be started, or it does not start.
    """
    named = environment_address(home, url, token)
    if named is not None:
        return named
    found = local_address(home)
    if found is not None:
        return found
    if not start:
        raise LapisError(
            ErrorCode.SERVER_UNREACHABLE,
            f"No Lapis server runs over {home}.",
            "Start one: lapis up --detach, or point LAPIS_URL at one.",
        )
    return start_in_background(home, notify=notify)


def autostart_allowed() -> bool:
    """Say whether commands may start a server: LAPIS_AUTOSTART is not 0, false, no or off."""
    return os.environ.get("LAPIS_AUTOSTART", "1").strip().lower() not in ("0", "false", "no", "off")


def start_in_background(
    home: Path, settings: Mapping[str, str] | None = None, notify: Callable[[str], None] = lambda _: None
) -> Address:
    """Start a server that outlives this process, and return its address once it is ready.

    Of several processes that do this at once, one starts the server and the others wait for it.

    Args:
        home: LAPIS_HOME.
        settings: further ``LAPIS_*`` variables for the server.
        notify: told in one line that a server starts.

    Raises:
        LapisError: ServerUnreachable, with the last lines of its log, when it does not get ready.
    """
    (home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(home / "run" / "autostart.lock"):
        found = local_address(home)
        if found is not None:
            return found
        notify(f"Starting the Lapis server in the background (log: {_log(home)}); stop it with: lapis down")
        process = _spawn(home, settings or {})
        return _await_ready(home, process)


def run_in_foreground(home: Path, settings: Mapping[str, str], on_ready: Callable[[Address], None]) -> int:
    """Run a server until it ends, pass on the signals that ask for it, and return its exit code.

    Args:
        home: LAPIS_HOME.
        settings: further ``LAPIS_*`` variables for the server.
        on_ready: told once when the server answers.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = subprocess.Popen(  # in a session of its own: Ctrl-C must reach it once, through this process
        _command(), env=_environment(home, settings), stdin=subprocess.DEVNULL, cwd=home, start_new_session=True
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: process.terminate())
    while process.poll() is None:
        found = local_address(home)
        if found is not None and _answers(found):
            on_ready(found)
            break
        time.sleep(0.02)
    return process.wait()


def stop(home: Path, record: ServerRecord) -> None:
    """End the server that `record` names and wait until it is gone.

    Raises:
        LapisError: ServerUnreachable, when it does not end in time.
    """
    if not record.is_alive():
        return
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN
    while record.is_alive():
        if time.monotonic() > deadline:
            raise LapisError(
                ErrorCode.SERVER_UNREACHABLE,
                f"The server (process {record.pid}) has not ended within {STOP_WITHIN:.0f} s.",
                f"Its log is {_log(home)}. To end it by force: kill -9 {record.pid}",
            )
        time.sleep(0.02)


def _log(home: Path) -> Path:
    return home / "logs" / "server.log"


def _output(home: Path) -> Path:
    """Where a background server's own output goes: what it says before it can log."""
    return home / "logs" / "server.out"


def _spawn(home: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    output = _output(home)
    output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with output.open("wb") as sink:
        return subprocess.Popen(
            _command(),
            env=_environment(home, settings),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=home,
            start_new_session=True,
        )


def _command() -> list[str]:
    return [sys.executable, "-m", "lapisml.server"]


def _environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **settings, "LAPIS_HOME": str(home)}


def _await_ready(home: Path, process: subprocess.Popen[bytes]) -> Address:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        code = process.poll()
        found = local_address(home)
        if found is not None and _answers(found):
            return found
        if code is not None and not _another_starts(home, process.pid):
            raise _not_started(home, f"The server could not start (exit code {code}):")
        time.sleep(0.02)
    raise _not_started(home, f"The server was not ready within {READY_WITHIN:.0f} s.")


def _another_starts(home: Path, own: int) -> bool:
    """Say whether a server that somebody else has just started holds the home."""
    try:
        pid = int((home / "run" / "server.lock").read_text())
    except (OSError, ValueError):
        return False
    return pid != own and process_start(pid) is not None


def _answers(address: Address) -> bool:
    connection = HTTPConnection(urlsplit(address.url).netloc, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _not_started(home: Path, sentence: str) -> LapisError:
    try:
        lines = _output(home).read_text(errors="replace").splitlines()[-8:]
    except OSError:
        lines = []
    story = "".join(f"\n  {line}" for line in lines)
    return LapisError(ErrorCode.SERVER_UNREACHABLE, sentence + story, f"The server's log: {_log(home)}")


def running(home: Path) -> ServerRecord | None:
    """Return the record of the server that runs over `home`, None when none does."""
    record = server_record(home)
    return record if record is not None and record.is_alive() else None


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
