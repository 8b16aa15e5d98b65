"""Draws: the coordinates of trial number n. Each is a function of seed, number and axis.

Nothing is kept between draws, so a sweep that is taken up again after a restart draws what it would have drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lapisml.core.sweeps import sobol


@dataclass(frozen=True)
class RandomDraw:
    """Independent coordinates."""

    seed: int
    number: int

    def unit(self, axis: str) -> float:
        """See `spaces.Source`."""
        return self._random(axis).random()

    def index(self, axis: str, count: int) -> int:
        """See `spaces.Source`."""
        return self._random(axis).randrange(count)

    def _random(self, axis: str) -> Random:
        return Random(f"{self.seed}/{self.number}/{axis}")  # noqa: S311 - a search, not a secret


class SobolDraw:
    """Coordinates of a point of the Sobol sequence: they fill the space more evenly than chance does.

    Args:
        axes: every axis of the space, in order; at most `sobol.MOST_AXES`.
    """

    def __init__(self, seed: int, number: int, axes: Sequence[str]) -> None:
        self._seed = seed
        self._number = number
        self._places = {axis: place for place, axis in enumerate(axes)}

    def unit(self, axis: str) -> float:
        """See `spaces.Source`."""
        return sobol.point(self._number, self._places[axis], self._seed)

    def index(self, axis: str, count: int) -> int:
        """See `spaces.Source`."""
        return min(int(self.unit(axis) * count), count - 1)
