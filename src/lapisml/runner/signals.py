"""Signals as something to wait on beside other descriptors."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable


class Signals:
    """A pipe that the given signals write to: none is lost between looking for one and waiting for the next.

    A handler that Python runs can't promise that: a signal that comes right before a blocking call has its handler
    run when the call returns. Only the main thread can make one, and a process has one at most.

    Args:
        numbers: the signals; what they would do else, they do no longer.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda _number, _frame: None)
        self.fds = (reading, writing)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self.fds[0]

    def seen(self) -> frozenset[int]:
        """Return the numbers of those that have come in since the last call."""
        try:
            return frozenset(os.read(self.fds[0], 65536))
        except BlockingIOError:
            return frozenset()
