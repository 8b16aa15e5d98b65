"""How many rows a model that is used by itself gets at once."""

from __future__ import annotations

_FEWEST, _FIRST, _MOST = 256, 1 << 13, 1 << 16
_AIM_S = 0.5


class Pace:
    """How many rows a worker gets at once: about as many as the model takes half a second for.

    Attributes:
        rows: that number.
    """

    def __init__(self) -> None:
        self.rows = _FIRST

    def learn(self, rows: int, seconds: float) -> None:
        """Take down how long a worker was busy with so many rows."""
        if rows >= self.rows // 2 or rows * _AIM_S < self.rows * seconds:
            wanted = int(rows * _AIM_S / max(seconds, 1e-6))
            self.rows = max(_FEWEST, min(_MOST, self.rows * 4, wanted))
