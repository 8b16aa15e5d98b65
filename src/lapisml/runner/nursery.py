"""The nursery: one small process that has the supervisor's modules loaded and forks a supervisor on request.

A fork takes a millisecond or two where a new interpreter takes forty. The backend holds the other end of a
socket on stdin; when it closes, with the server's death at the latest, the nursery ends. The supervisors do
not notice: each is in a session of its own, and nothing of them depends on the nursery.

One message is the path of a job's folder; the answer is the pid of its supervisor, 0 when none could be made.
Once there is a pause, the relay's modules are loaded as well, so that supervisors can fork their relays.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys

# Not needed here: loaded once for all supervisors.
import lapisml.core.errors
import lapisml.documents.expressions
import lapisml.runner.overlay
import lapisml.runner.snapshots  # noqa: F401
from lapisml.runner import detached, layout, processes, supervisor

_LONGEST_PATH = 1 << 16
_SOCKET = 0
_PAUSE_MS = 20


def main() -> None:
    """Fork supervisors until the other end of stdin closes; ``sys.argv[2:]``: where the relay's libraries are."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects the supervisors that end
    detached.show_name("lapis-nursery")
    processes.boot_id()
    gc.freeze()
    while _serve_one() and _is_asked(_PAUSE_MS):
        pass
    _load_relay(sys.argv[2:])
    while _serve_one():
        pass


def _serve_one() -> bool:
    """Serve the next request; False when there will be none."""
    folder = os.read(_SOCKET, _LONGEST_PATH)
    if folder:
        os.write(_SOCKET, b"%d" % _fork(os.fsdecode(folder)))
    return bool(folder)


def _is_asked(within_ms: int) -> bool:
    poll = select.poll()
    poll.register(_SOCKET, select.POLLIN)
    return bool(poll.poll(within_ms))


def _load_relay(paths: list[str]) -> None:
    sys.path.extend(paths)
    try:
        import lapisml.runner.relay.main  # noqa: F401 - for the supervisors
    except ImportError:
        return  # each relay starts an interpreter of its own
    finally:
        del sys.path[len(sys.path) - len(paths) :]
        gc.freeze()


def _fork(folder: str) -> int:
    log = os.path.join(folder, layout.RUNNER_LOG)
    try:
        return detached.fork(lambda: supervisor.supervise(folder), "lapis-job", log)
    except OSError:
        return 0
