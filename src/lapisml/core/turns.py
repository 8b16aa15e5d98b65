"""The order in which machines give places to jobs."""

from __future__ import annotations

from collections.abc import Sequence


def in_turns(counts: Sequence[int]) -> list[int]:
    """Give the places of machines: place → number of its machine.

    Machines take turns, so that jobs which come one after the other spread over them, and a job of several nodes gets
    different machines. Server and backend must agree on it: a job is told its places by number.

    Args:
        counts: how many places each machine has.

    >>> in_turns([2, 1, 2])
    [0, 1, 2, 0, 2]
    """
    return [machine for turn in range(max(counts)) for machine, count in enumerate(counts) if turn < count]
