"""Jobs that wrote something of which no news came: their folders are looked at, here, where looking is cheap.

A supervisor tells of what it writes in a datagram, and the agent passes it on in a frame; either may be lost. So the
agent remembers how far each job's journal was when the server asked about it last, and tells of the job as long as that
is not so any more. The server need not ask about jobs of which there is nothing to hear.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lapisml.ports.compute import Handle
from lapisml.runner import layout

AT_ONCE = 5_000
"""Jobs that one look is for; with more they take turns."""
_TELLS = 20
"""How often in a row a job is told of about which the server does not ask: it is not its job any more."""


@dataclass
class _Seen:
    """What lay in a job's folder when it was asked about last: the journal's bytes, and whether it had ended."""

    size: int
    over: bool
    told: int = 0


class Stirring:
    """The jobs that a server asked about and that had not ended. All methods may be called from any thread.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self._runs = root / "runs"
        self._lock = threading.Lock()
        self._seen: dict[Handle, _Seen] = {}
        self._turn: deque[Handle] = deque()

    def __len__(self) -> int:
        return len(self._seen)

    def note(self, handles: Sequence[Handle]) -> None:
        """Note how it is with jobs that are about to be read; those without a folder here are left out."""
        for handle in handles:
            found = self._look(handle)
            with self._lock:
                if found is None:
                    self._seen.pop(handle, None)
                    continue
                if handle not in self._seen:
                    self._turn.append(handle)
                self._seen[handle] = found

    def forget(self, handle: Handle) -> None:
        """Leave a job alone that has ended, as the server was told."""
        with self._lock:
            self._seen.pop(handle, None)

    def look(self) -> list[str]:
        """Give the names of jobs about which there is more to hear than the server has heard."""
        with self._lock:
            due = [self._turn.popleft() for _ in range(min(AT_ONCE, len(self._turn)))]
        found = []
        for handle in due:
            now = self._look(handle)
            with self._lock:
                before = self._seen.get(handle)
                if before is None or now is None:
                    self._seen.pop(handle, None)
                    continue
                if now.over or now.size != before.size:
                    before.told += 1
                    if before.told > _TELLS:
                        self._seen.pop(handle)
                        continue
                    found.append(handle.job)
                self._turn.append(handle)
        return found

    def _look(self, handle: Handle) -> _Seen | None:
        folder = self._runs / handle.workspace / (f"{handle.job}+{handle.part}" if handle.part else handle.job)
        try:
            size = (folder / layout.JOURNAL).stat().st_size
        except OSError:
            if not (folder / layout.SPEC).exists():
                return None
            size = 0
        return _Seen(size, (folder / layout.EXIT).exists())
