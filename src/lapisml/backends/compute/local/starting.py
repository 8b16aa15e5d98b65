"""Making supervisor processes: by a fork of the nursery, or, where that fails, with an interpreter of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lapisml
from lapisml.runner import layout, processes

_SOURCE = str(Path(lapisml.__file__).parent.parent)
_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.{} import main; main()"
_NURSERY_ANSWERS_WITHIN_S = 5.0


class Starter:
    """Starts supervisors; not to be used by two threads at once.

    Args:
        python: the interpreter they run on; None means this one.
    """

    def __init__(self, python: str | None = None) -> None:
        self._python = python or sys.executable
        self._nursery: _Nursery | None = None
        self._alone: list[subprocess.Popen[bytes]] = []

    def start(self, folder: Path, python: str | None = None) -> dict[str, Any] | None:
        """Start a supervisor for a job's folder; return its identity, None when it has ended already.

        Args:
            folder: the job's folder.
            python: an interpreter of this job's own.
        """
        pid = self._fork(folder) if python is None else 0
        return processes.identity(pid or self._start_alone(folder, python or self._python))

    def reap(self) -> None:
        """Collect the processes that have ended."""
        self._alone = [process for process in self._alone if process.poll() is None]

    def close(self) -> None:
        """End the nursery."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def _fork(self, folder: Path) -> int:
        """Have the nursery fork a supervisor; 0 when it can't, and the next call tries a new one."""
        try:
            if self._nursery is None:
                self._nursery = _Nursery(self._python)
            return self._nursery.fork(folder)
        except OSError:
            self.close()
            return 0

    def _start_alone(self, folder: Path, python: str) -> int:
        log = os.open(folder / layout.RUNNER_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = subprocess.Popen(
                [*_command(python, "supervisor"), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(log)
        self._alone.append(process)
        return process.pid


class _Nursery:
    """A running `lapisml.runner.nursery` and the socket to it."""

    def __init__(self, python: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_NURSERY_ANSWERS_WITHIN_S)
        with theirs:
            self._process = subprocess.Popen(
                [*_command(python, "nursery"), *_relay_libraries()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )

    def fork(self, folder: Path) -> int:
        """Return the pid of a new supervisor, 0 when there is no room for one.

        Raises:
            OSError: the nursery is gone or does not answer.
        """
        self._socket.send(os.fsencode(folder))
        answer = self._socket.recv(32)
        if not answer:
            raise ConnectionError("the nursery has ended")
        return int(answer)

    def __del__(self) -> None:
        """End with the backend that nobody closed."""
        self.close()

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _relay_libraries() -> list[str]:
    """Return where the libraries are that the relay needs beside the standard one."""
    found = find_spec("httptools")
    return [] if found is None or found.origin is None else [str(Path(found.origin).parent.parent)]


def _command(python: str, module: str) -> list[str]:
    """Return the command line that runs ``lapisml.runner.<module>`` with the standard library alone."""
    return [python, "-I", "-S", "-c", _STARTER.format(module), _SOURCE]
