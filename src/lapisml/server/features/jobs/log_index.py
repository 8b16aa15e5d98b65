"""Where the lines of a log are: by line number, though the log may have gigabytes.

An index holds, for each block of the log, how many lines end before it. It is made once, from the bytes that came
since the last look, and kept while the log is in use. A look goes on for a moment and says how far it got, so that
the first one at a large log does not keep anybody waiting.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

BLOCK = 1 << 20
"""Bytes of a block."""
LONGEST = 1 << 16
"""Bytes of a line that are given; what is beyond them is left to the download."""

_LOOK_S = 1.5
_KEPT = 64
_NEWLINE = b"\n"

Read = Callable[[int, int], tuple[bytes, int]]
"""(offset, limit) → bytes of the log, and its size."""


@dataclass(frozen=True)
class Window:
    """Some lines of a log.

    Attributes:
        first: number of the first line, from 0.
        lines: at most `LONGEST` bytes of each, without its end.
        total: how many whole lines are known.
        end: bytes of the log that these lines take.
        size: bytes of the log; larger than `end` while it is being read, and where its last line goes on.
        is_whole: whether everything was read that there was.
    """

    first: int
    lines: list[str]
    total: int
    end: int
    size: int
    is_whole: bool


@dataclass(frozen=True)
class Found:
    """Lines that hold a text.

    Attributes:
        lines: their numbers, in order.
        next_line: where to go on; None when all were looked at.
    """

    lines: list[int]
    next_line: int | None


@dataclass
class _Index:
    """What is known of one log; `lock` is held while it is used."""

    ends: list[int] = field(default_factory=lambda: [0])
    """Before block n, this many lines have ended."""
    read_to: int = 0
    end: int = 0
    """Where the last whole line ends."""
    total: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class LogIndexes:
    """Gives windows of logs and finds text in them; keeps the indexes of the logs used last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int, str], _Index] = OrderedDict()
        self._lock = threading.Lock()

    def window(self, key: tuple[int, int, str], read: Read, first: int, count: int) -> Window:
        """Give up to `count` lines from line `first` on; a negative `first` counts from the end.

        Args:
            key: which log: numbers of workspace and job, path.
        """
        index = self._index(key)
        with index.lock:
            size = self._look(index, read)
            begin = max(0, index.total + first) if first < 0 else min(first, index.total)
            lines = _lines(index, read, begin, min(count, index.total - begin))
            return Window(begin, lines, index.total, index.end, size, index.read_to >= size)

    def find(
        self, key: tuple[int, int, str], read: Read, text: str, first: int, limit: int, *, match_case: bool
    ) -> Found:
        """Give the numbers of up to `limit` lines that hold `text`, from line `first` on, as far as a moment goes."""
        index = self._index(key)
        with index.lock:
            size = self._look(index, read)
            total, is_whole = index.total, index.read_to >= size
            at = _offset(index, read, min(first, total))
        wanted = text.encode() if match_case else text.encode().lower()
        found: list[int] = []
        line, until = min(first, total), self._clock() + _LOOK_S
        for data in _whole_lines(read, at, index.end):
            found += _holding(data if match_case else data.lower(), wanted, line)
            line += data.count(_NEWLINE)
            if len(found) >= limit or self._clock() >= until:
                break
        if len(found) > limit:
            return Found(found[:limit], found[limit - 1] + 1)
        return Found(found, None if line >= total and is_whole else line)

    def _index(self, key: tuple[int, int, str]) -> _Index:
        with self._lock:
            index = self._kept.setdefault(key, _Index())
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return index

    def _look(self, index: _Index, read: Read) -> int:
        """Count the lines that came since the last look; give the log's size."""
        until = self._clock() + _LOOK_S
        while True:
            data, size = read(index.read_to, BLOCK - index.read_to % BLOCK)
            if size < index.read_to:  # another log is there by this name
                index.ends, index.read_to, index.end, index.total = [0], 0, 0, 0
                continue
            last = data.rfind(_NEWLINE)
            if last >= 0:
                index.end = index.read_to + last + 1
            index.total += data.count(_NEWLINE)
            index.read_to += len(data)
            if index.read_to % BLOCK == 0 and data:
                index.ends.append(index.total)
            if not data or index.read_to >= size or self._clock() >= until:
                return size


def _offset(index: _Index, read: Read, line: int) -> int:
    """Give where a line begins."""
    if line == 0:
        return 0
    if line >= index.total:
        return index.end
    block = bisect_right(index.ends, line - 1) - 1
    missing = line - index.ends[block]  # the ends of lines within this block until the line begins
    data, _ = read(block * BLOCK, BLOCK)
    at = -1
    for _ in range(missing):
        at = data.index(_NEWLINE, at + 1)
    return block * BLOCK + at + 1


def _lines(index: _Index, read: Read, first: int, count: int) -> list[str]:
    if count <= 0:
        return []
    found: list[str] = []
    for data in _whole_lines(read, _offset(index, read, first), index.end):
        pieces = data.split(_NEWLINE)[:-1]
        found += [_text(piece) for piece in pieces[: count - len(found)]]
        if len(found) >= count:
            break
    return found


def _text(line: bytes) -> str:
    return line[:LONGEST].decode(errors="replace")


def _whole_lines(read: Read, begin: int, end: int) -> Iterator[bytes]:
    """Give a part of a log in pieces that end where lines do; of one that is too long, its beginning."""
    rest = b""
    at = begin
    while at < end:
        data, _ = read(at, min(BLOCK, end - at))
        if not data:
            return
        at += len(data)
        last = data.rfind(_NEWLINE)
        if last < 0:
            rest = (rest + data)[: 2 * LONGEST]
            continue
        yield rest + data[: last + 1]
        rest = data[last + 1 :]


def _holding(data: bytes, wanted: bytes, line: int) -> list[int]:
    """Give the numbers of the lines in `data` that hold `wanted`; its first line has the number `line`."""
    found: list[int] = []
    counted = 0
    at = data.find(wanted)
    while at >= 0:
        line += data.count(_NEWLINE, counted, at)
        found.append(line)
        following = data.find(_NEWLINE, at)
        if following < 0:
            break
        counted, line = following + 1, line + 1
        at = data.find(wanted, counted)
    return found
