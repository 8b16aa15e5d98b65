"""Helpers that need more than the standard library, run as processes of their own: builds and remote storage.

The supervisor stays small and quick to start; what imports much runs beside it, for as long as it takes, and
talks in JSON lines. While it waits, the supervisor goes on listening for a request to cancel.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from lapisml.runner import processes

Line = dict[str, Any]

_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.{module} import main; main()"


class ToolError(Exception):
    """A helper ended without doing its work; the text is its own, or says how it ended.

    Attributes:
        name: what it was at work on, empty when it does not say.
        passes: the same may go well later.
    """

    def __init__(self, text: str, name: str = "", *, passes: bool = False) -> None:
        super().__init__(text)
        self.name = name
        self.passes = passes


class StoppedError(Exception):
    """The helper was ended because the job is to end."""


def run(
    module: str,
    request: Mapping[str, Any],
    on_line: Callable[[Line], None],
    should_stop: Callable[[], bool],
    log: str,
    python: str | None = None,
) -> None:
    """Run ``lapisml.runner.<module>.main`` with a request on its stdin; give each line of its answer to `on_line`.

    Args:
        module: the helper's name.
        request: plain JSON.
        on_line: takes each JSON object that the helper writes on stdout.
        should_stop: asked every fraction of a second; True ends the helper.
        log: file that takes the helper's stderr.
        python: the interpreter it runs on; None means this one.

    Raises:
        ToolError: the helper failed; a line ``{"error": text}`` of its is the text.
        StoppedError: `should_stop` said so.
    """
    pid, answers = _spawn(module, request, log, python)
    reader = _Lines(on_line)
    try:
        _converse(answers, reader, should_stop)
    except BaseException:
        _end(pid)
        raise
    finally:
        os.close(answers)
    _pid, raw = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(raw)
    if reader.error is not None:
        raise reader.error
    if code != 0:
        raise ToolError(f"the helper {module} ended with status {code}; see {os.path.basename(log)}")


def start(
    module: str,
    arguments: list[str],
    log: str,
    keep: tuple[int, ...] = (),
    python: str | None = None,
    **streams: int,
) -> int:
    """Start ``lapisml.runner.<module>.main`` in a session of its own and return its pid.

    Args:
        module: the helper's name.
        arguments: what it finds in ``sys.argv[2:]``.
        log: file that takes its stderr.
        keep: descriptors that it inherits under the same numbers.
        python: the interpreter it runs on; None means this one.
        streams: ``stdin``/``stdout``: descriptors that become its own; nothing otherwise.
    """
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    python = python or sys.executable
    argv = [python, "-I", "-c", _STARTER.format(module=module), source, *arguments]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[Any] = [(os.POSIX_SPAWN_OPEN, 2, log, flags, 0o600)]
    for name, number in (("stdin", 0), ("stdout", 1)):
        if name in streams:
            actions.append((os.POSIX_SPAWN_DUP2, streams[name], number))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0))
    actions.extend((os.POSIX_SPAWN_DUP2, descriptor, descriptor) for descriptor in keep)
    return os.posix_spawn(python, argv, os.environ, file_actions=actions, setsid=True, setsigdef=[signal.SIGTERM])


def plain_environment() -> dict[str, str]:
    """Return the environment for a tool that is not ours: PATH and little else."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}


class _Lines:
    """Cuts a stream into JSON lines."""

    def __init__(self, on_line: Callable[[Line], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self.error: ToolError | None = None

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict) and "error" in message:
            self.error = _error(message)
        elif isinstance(message, dict):
            self._on_line(message)


def _error(message: Line) -> ToolError:
    return ToolError(str(message["error"]), str(message.get("name", "")), passes=bool(message.get("passes")))


def _spawn(module: str, request: Mapping[str, Any], log: str, python: str | None) -> tuple[int, int]:
    """Start a helper; return its pid and the descriptor to read its answers from."""
    ask = os.memfd_create("request", os.MFD_CLOEXEC)
    os.write(ask, json.dumps(request).encode())
    os.lseek(ask, 0, os.SEEK_SET)
    reading, writing = os.pipe()
    try:
        return start(module, [], log, python=python, stdin=ask, stdout=writing), reading
    finally:
        os.close(ask)
        os.close(writing)


def _converse(answers: int, reader: _Lines, should_stop: Callable[[], bool]) -> None:
    poll = select.poll()
    poll.register(answers, select.POLLIN)
    while True:
        if should_stop():
            raise StoppedError
        if poll.poll(250):
            data = os.read(answers, 65536)
            if not data:
                return
            reader.feed(data)


def _end(pid: int) -> None:
    """End a helper and what it started: SIGTERM, two seconds, SIGKILL."""
    processes.send([pid, *processes.descendants(pid)], signal.SIGTERM)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    processes.kill_below(pid)
    processes.send([pid], signal.SIGKILL)
    os.waitpid(pid, 0)
