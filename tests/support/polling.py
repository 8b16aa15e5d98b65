"""Waiting for something to become true, with a deadline instead of a sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], timeout: float = 10.0, interval: float = 0.02, what: str = "") -> T:
    """Call `check` until it returns something true, and return that.

    An AssertionError raised by `check` counts as "not yet"; the last one is raised at the deadline.

    Args:
        check: called again and again.
        timeout: seconds until the deadline.
        interval: seconds between the first calls; grows to at most ten times that.
        what: named in the failure.
    """
    deadline = time.monotonic() + timeout
    pause, last, failure = interval, None, None
    while True:
        try:
            last, failure = check(), None
        except AssertionError as error:
            failure = error
        if failure is None and last:
            return last
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not within {timeout:g} s: {what or check} (last value: {last!r})")
        time.sleep(pause)
        pause = min(pause * 1.3, interval * 10)
