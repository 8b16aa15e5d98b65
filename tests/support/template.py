"""Servers that start without their imports: forks of an interpreter that has made them already.

Loading the server's modules takes longer than everything else of its start, and the tests start hundreds. Each is a
process of its own all the same, with a session, an environment and files of its own, and may be killed.

Run as ``python -m tests.support.template FD``. The other end asks on a socket of sequenced packets for
``{"module", "env", "cwd"}``, with the log as a descriptor, and is told ``{"pid"}``; each end is told as
``{"ended": pid, "status": status}``.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

_MOST_BYTES = 1 << 18


class Forked:
    """A forked process, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, template: Template, pid: int) -> None:
        self._template = template
        self.pid = pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, less than 0 for a signal; None while it runs, or nobody has asked."""
        return self._template.ended.get(self.pid)

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        self._template.hear(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = 60.0 if until is None else until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self._template.hear(min(left, 1.0))
        code = self.returncode
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Template:
    """The interpreter that is forked.

    Attributes:
        ended: pid → exit code of those that have ended.
    """

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ended: dict[int, int] = {}
        self._told: list[dict[str, Any]] = []
        self._asking, self._hearing = threading.Lock(), threading.RLock()
        with theirs:
            command = [sys.executable, "-m", "tests.support.template", str(theirs.fileno())]
            root = Path(__file__).resolve().parents[2]
            self._process = subprocess.Popen(command, cwd=root, pass_fds=[theirs.fileno()], start_new_session=True)

    def start(self, module: str, env: dict[str, str], cwd: Path, log: int) -> Forked:
        """Run ``python -m module`` in a new process; `log` takes both its streams."""
        message = json.dumps({"module": module, "env": env, "cwd": str(cwd)}).encode()
        with self._asking:
            socket.send_fds(self._line, [message], [log])
            while not self._told:
                self.hear(1.0)
                assert self._process.poll() is None, "the template has ended"
            pid = int(self._told.pop(0)["pid"])
        return Forked(self, pid)

    def hear(self, timeout: float) -> None:
        """Take in what is told, after a wait of at most so many seconds for the first."""
        until = time.monotonic() + timeout
        while select.select([self._line], [], [], max(0.0, until - time.monotonic()))[0]:
            with self._hearing:
                if not select.select([self._line], [], [], 0)[0]:
                    return  # another thread has taken it
                data = self._line.recv(_MOST_BYTES)
                if not data:
                    return
                said = json.loads(data)
                if "ended" in said:
                    self.ended[said["ended"]] = os.waitstatus_to_exitcode(said["status"])
                else:
                    self.ended.pop(said["pid"], None)
                    self._told.append(said)
            until = 0.0


@functools.cache
def template() -> Template:
    """Return this process's template; it is made at first use."""
    return Template()


def serve(line: socket.socket) -> None:
    """Fork whatever is asked for until nobody can ask any more."""
    import lapisml.server.process  # noqa: F401 - what this is all about

    woken, wakes = os.pipe()
    for descriptor in (woken, wakes):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    while True:
        ready = select.select([line, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(line)
        if line in ready:
            data, descriptors, _flags, _address = socket.recv_fds(line, _MOST_BYTES, 1)
            if not data:
                return
            _fork(line, json.loads(data), descriptors[0], (woken, wakes))


def _tell_ends(line: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        line.send(json.dumps({"ended": pid, "status": status}).encode())


def _fork(line: socket.socket, asked: dict[str, Any], log: int, wakers: tuple[int, int]) -> None:
    pid = os.fork()
    if pid:
        os.close(log)
        line.send(json.dumps({"pid": pid}).encode())
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    line.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for descriptor in (nothing, log, *wakers):
        os.close(descriptor)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    _run(asked["module"])


def _run(module: str) -> NoReturn:
    code: Any = 0
    try:
        sys.argv = [module]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the process's boundary
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
