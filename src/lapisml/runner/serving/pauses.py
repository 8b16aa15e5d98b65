"""How soon what died is started again. Decides only."""

from __future__ import annotations

_FIRST_S = 0.5
_LONGEST_S = 30.0
_LASTING_S = 30.0
"""Seconds of work after which a death is one by itself, and not the next of a row."""


class Pauses:
    """The pauses before the starts of one process: none after a life of some length, then longer and longer ones.

    Attributes:
        in_vain: deaths in a row, one soon after the other.
    """

    def __init__(self) -> None:
        self.in_vain = 0

    def after(self, worked_s: float) -> float:
        """Return the seconds to wait after a death.

        Args:
            worked_s: how long it had been ready; 0 when it never was.
        """
        if worked_s >= _LASTING_S:
            self.in_vain = 0
        self.in_vain += 1
        return 0.0 if self.in_vain == 1 else float(min(_LONGEST_S, _FIRST_S * 2 ** min(16, self.in_vain - 2)))
