"""How many rows a model that is used by itself gets at once, and how fast it is."""

from __future__ import annotations

import time

_FEWEST, _FIRST, _MOST = 256, 1 << 13, 1 << 16
_AIM_S = 0.5


class Pace:
    """Learns from each mini-batch: as many rows at once as the model takes about half a second for.

    A limit on the time of one mini-batch then says nothing of how long a file may be, and workers end together.

    Attributes:
        rows: how many rows to give at once.
        total: how many rows were scored.
    """

    def __init__(self) -> None:
        self.rows = _FIRST
        self.total = 0
        self._begun: float | None = None
        self._ended = 0.0

    def begin(self) -> None:
        """Take down that a worker begins."""
        if self._begun is None:
            self._begun = time.monotonic()

    def learn(self, rows: int, seconds: float) -> None:
        """Take down how long a worker was busy with so many rows."""
        self.total += rows
        self._ended = time.monotonic()
        if rows >= self.rows // 2 or seconds > _AIM_S:
            wanted = int(rows * _AIM_S / max(seconds, 1e-6))
            self.rows = max(_FEWEST, min(_MOST, self.rows * 4, wanted))

    def sentence(self) -> str:
        """Say how fast it was, from the first mini-batch to the last."""
        seconds = max(1e-6, self._ended - (self._begun or self._ended))
        return f"{self.total} rows were scored in {seconds:.3f} s, {self.total / seconds:.0f} a second."
