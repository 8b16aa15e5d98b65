"""A process of the keeper's, whether it started it or was given it: its end can be waited for and collected."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection


class Process:
    """A child of this process that leads a session of its own.

    Args:
        pid: the child.

    Raises:
        OSError: it is no child of this process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)

    def fileno(self) -> int:
        """Return what becomes readable when it ends."""
        return self._pidfd

    def has_ended(self) -> bool:
        """Say whether it is gone; it is not collected yet, so its pid stays its own."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ask_to_end(self) -> None:
        """Have it and its session finish what they work on, and end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and what it started in its session, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def collect(self) -> int:
        """Wait for its end, and forget it; return its exit code, less than 0 for a signal."""
        _pid, status = os.waitpid(self.pid, 0)
        os.close(self._pidfd)
        return os.waitstatus_to_exitcode(status)


def bury_strangers(own: Collection[int]) -> None:
    """Collect children that have ended and that this process did not start: what replicas left behind.

    Args:
        own: children that others wait for.
    """
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid in own:
            return
        os.waitpid(found.si_pid, 0)
