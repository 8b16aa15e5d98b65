"""SHA-256 of files of this machine, remembered as long as the file is the same.

A file is the same when device, inode, size, time of change (mtime) and time of change of the inode (ctime) are.
The last can't be set back, so content changed with its time restored is noticed. A file that was changed only a
moment before it was read is read again the next time, since a change within one tick of the clock would leave
no trace (https://git-scm.com/docs/racy-git describes the trap).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

SETTLED_NS = 2_000_000_000
"""A file whose last change lies this far back when it is read is remembered; the coarsest clocks tick this slowly."""

_MOST = 100_000
_CHUNK = 1 << 20

_Stamp = tuple[int, int, int]


class FileChangedError(Exception):
    """A file changed while it was read."""


class FileHashes:
    """Gives digests of files; threads share it.

    Args:
        most: number of files that are remembered; those that were not asked for longest are forgotten.
        now_ns: the clock by which files get their times, nanoseconds since the epoch.
    """

    def __init__(self, most: int = _MOST, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._most = most
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, int], tuple[_Stamp, str]] = OrderedDict()

    def sha256(self, path: str | Path, found: os.stat_result) -> str:
        """Return the digest of a file, 64 hexadecimal digits.

        Args:
            found: what ``stat`` said of it just now.

        Raises:
            FileChangedError: it changed while it was read.
            OSError: it can't be read.
        """
        file, stamp = (found.st_dev, found.st_ino), _stamp(found)
        with self._lock:
            known = self._known.get(file)
            if known is not None and known[0] == stamp:
                self._known.move_to_end(file)
                return known[1]
        asked_at = self._now_ns()
        digest = _read(path, file, stamp)
        if asked_at - max(stamp[1:]) > SETTLED_NS:
            self._remember(file, stamp, digest)
        return digest

    def _remember(self, file: tuple[int, int], stamp: _Stamp, digest: str) -> None:
        with self._lock:
            self._known[file] = (stamp, digest)
            self._known.move_to_end(file)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _read(path: str | Path, file: tuple[int, int], stamp: _Stamp) -> str:
    made = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - many small files: a Path for each costs
        before = os.fstat(stream.fileno())
        if ((before.st_dev, before.st_ino), _stamp(before)) != (file, stamp):
            raise FileChangedError
        while chunk := stream.read(_CHUNK):
            made.update(chunk)
        if _stamp(os.fstat(stream.fileno())) != stamp:
            raise FileChangedError
    return made.hexdigest()


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
