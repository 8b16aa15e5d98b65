"""Signals that can be waited on."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import os, select, signal
from lapisml.runner.signals import Signals

signals = Signals((signal.SIGTERM, signal.SIGCHLD))
assert signals.seen() == frozenset()
os.kill(os.getpid(), signal.SIGTERM)
if os.fork() == 0:
    os._exit(0)
os.wait()
assert select.select([signals], [], [], 30)[0], "those that came before the wait end it"
assert signals.seen() == {signal.SIGTERM, signal.SIGCHLD}
assert signals.seen() == frozenset()
os.close(signals.fds[1])
"""


def test_a_signal_before_the_wait_is_seen_once() -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True, timeout=60)
