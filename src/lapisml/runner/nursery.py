"""The nursery: one small process that has the supervisor's modules loaded and forks a supervisor on request.

A fork takes a millisecond or two where a new interpreter takes forty. The backend holds the other end of a
socket on stdin; when it closes, with the server's death at the latest, the nursery ends. The supervisors do
not notice: each is in a session of its own, and nothing of them depends on the nursery.

One message is the path of a job's folder; the answer is the pid of its supervisor, 0 when none could be made.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

# Not needed here: loaded once for all supervisors.
import lapisml.core.errors
import lapisml.documents.expressions
import lapisml.runner.overlay
import lapisml.runner.snapshots  # noqa: F401
from lapisml.runner import layout, processes, supervisor

_LONGEST_PATH = 1 << 16
_SOCKET = 0


def main() -> None:
    """Fork supervisors until the other end of stdin closes."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects the supervisors that end
    _name("lapis-nursery")
    processes.boot_id()
    gc.freeze()
    while folder := os.read(_SOCKET, _LONGEST_PATH):
        os.write(_SOCKET, b"%d" % _fork(os.fsdecode(folder)))


def _fork(folder: str) -> int:
    try:
        pid = os.fork()
    except OSError:
        return 0
    if pid == 0:
        try:
            _become_supervisor(folder)
        except BaseException:  # noqa: BLE001 - the process's boundary: the log gets whatever it was
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(0)
    return pid


def _become_supervisor(folder: str) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(os.path.join(folder, layout.RUNNER_LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (nothing, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    _name("lapis-job")
    supervisor.supervise(folder)


def _name(name: str) -> None:
    """Show in ``ps`` what this process is (the kernel keeps 15 characters)."""
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)
