"""Wire forms of what is read of logs."""

from __future__ import annotations

from typing_extensions import TypedDict


class LogWindow(TypedDict):
    """Some whole lines of a log.

    Attributes:
        value: the lines, without their ends; very long ones are cut.
        first: number of the first of them, from 0.
        total: how many lines are known.
        end: bytes of the log that these lines take: what follows is to be followed from there.
        size: bytes of the log.
        is_whole: whether all of the log was looked at; else ask again, and more lines are known.
    """

    value: list[str]
    first: int
    total: int
    end: int
    size: int
    is_whole: bool


class LogMatches(TypedDict):
    """Numbers of the lines of a log that hold a text, in order; `next_line`: where to go on, None at the end."""

    value: list[int]
    next_line: int | None
