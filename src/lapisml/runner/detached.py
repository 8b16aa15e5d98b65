"""Processes of a session of their own, made by a fork: they need no interpreter's start and no import."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD)
_HIGHEST_DESCRIPTOR = 1 << 20


def fork(run: Callable[[], None], name: str, log: str, keep: int | None = None) -> int:
    """Call `run` in a forked process, detached from this one, and return its pid.

    The process has a session and default signals of its own, no descriptor of this one but `keep`, and ends when
    `run` returns. To be called by processes of one thread only.

    Args:
        run: the work.
        name: what ``ps`` shows (the kernel keeps 15 characters).
        log: file that takes what it writes on stderr.
        keep: a descriptor that it inherits.

    Raises:
        OSError: there is no room for another process.
    """
    pid = os.fork()
    if pid == 0:
        try:
            _detach(name, log, keep)
            run()
        except BaseException:  # noqa: BLE001 - the process's boundary: the log gets whatever it was
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(0)
    return pid


def show_name(name: str) -> None:
    """Show in ``ps`` what this process is."""
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)


def _detach(name: str, log: str, keep: int | None) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (nothing, 1), (errors, 2)):
        os.dup2(source, target)
    middle = _HIGHEST_DESCRIPTOR if keep is None else keep
    os.closerange(3, middle)
    os.closerange(middle + 1, _HIGHEST_DESCRIPTOR)
    show_name(name)
