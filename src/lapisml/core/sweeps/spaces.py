"""Search spaces: what a sweep may choose from, and the value at a place in it.

Every distribution is a function of one coordinate between 0 and 1, its quantile function, so whoever draws needs
to know nothing of distributions. A choice is drawn by index; an option of it may hold a space of its own.

The distributions are those of Azure ML's sweep jobs, as its parameter expressions define them
(https://learn.microsoft.com/python/api/azureml-train-core/azureml.train.hyperdrive.parameter_expressions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Any, Protocol

_EDGE = 2.0**-53

Value = str | int | float | bool | None | list[Any] | dict[str, Any]
"""What a parameter may be."""


@dataclass(frozen=True)
class Numeric:
    """A number that is drawn.

    Attributes:
        kind: ``uniform``, ``normal`` … as in the document.
        first, second: lowest and highest, or mean and standard deviation, or (randint) 0 and the upper end.
        q: the result is a multiple of it; None for any number.
        base: of the power, where the distribution is of the logarithm; None where it is of the value.
    """

    kind: str
    first: float
    second: float
    q: float | None = None
    base: float | None = None

    def at(self, u: float) -> int | float:
        """Give the value at a coordinate from 0 to 1: the distribution's quantile."""
        if self.kind == "randint":
            return min(int(u * self.second), int(self.second) - 1)
        raw = self._raw(u)
        if self.base is not None:
            raw = self.base**raw
        return raw if self.q is None else _multiple(round(raw / self.q), self.q)

    def _raw(self, u: float) -> float:
        if self.kind.endswith("normal"):
            return NormalDist(self.first, self.second).inv_cdf(min(max(u, _EDGE), 1 - _EDGE))
        return min(max(self.first + u * (self.second - self.first), self.first), self.second)

    def count(self) -> int | None:
        """Say how many values there are; None when they can't be counted."""
        steps = self._steps()
        return None if steps is None else len(steps)

    def nth(self, index: int) -> int | float:
        """Give one of the values that can be counted, from 0, in rising order."""
        steps = self._steps()
        assert steps is not None
        return steps[index] if self.kind == "randint" else _multiple(steps[index], self.q or 1.0)

    def _steps(self) -> range | None:
        if self.kind == "randint":
            return range(int(self.second))
        if self.q is None or self.kind.endswith("normal"):
            return None
        low, high = (self.base**end if self.base else end for end in (self.first, self.second))
        return range(round(low / self.q), round(high / self.q) + 1)


def _multiple(times: int, q: float) -> int | float:
    """Multiply without the noise of binary fractions: 3 × 0.1 is 0.3; a whole number when `q` is one."""
    if float(q).is_integer():
        return times * int(q)
    return float(times * Decimal(repr(q)))


@dataclass(frozen=True)
class Choice:
    """One of several options, each a value or a space of its own."""

    options: tuple[Option, ...]

    def count(self) -> int | None:
        """Say how many values there are, those of inner spaces counted; None when they can't be counted."""
        counts = [option.count() for option in self.options]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None


@dataclass(frozen=True)
class Option:
    """One option of a choice.

    Attributes:
        value: what it is; for an option with members, None.
        members: name → what is drawn for it, or the value that it always has.
    """

    value: Value = None
    members: Mapping[str, Dimension | Option] | None = None

    def count(self) -> int | None:
        """As `Choice.count`."""
        return 1 if self.members is None else combinations(self.members)


Dimension = Numeric | Choice
Space = Mapping[str, Dimension]


class Source(Protocol):
    """Where coordinates come from. An axis is named by its path: ``lr``, ``model.1.depth``."""

    def unit(self, axis: str) -> float:
        """Give a coordinate from 0 to 1."""
        ...

    def index(self, axis: str, count: int) -> int:
        """Give a whole number from 0 up to, not including, `count`."""
        ...


def draw(space: Space, source: Source) -> dict[str, Value]:
    """Draw a value for every parameter."""
    return {name: _drawn(name, dimension, source) for name, dimension in space.items()}


def _drawn(axis: str, dimension: Dimension | Option, source: Source) -> Value:
    if isinstance(dimension, Numeric):
        return dimension.at(source.unit(axis))
    if isinstance(dimension, Choice):
        index = source.index(axis, len(dimension.options))
        return _drawn(f"{axis}.{index}", dimension.options[index], source)
    if dimension.members is None:
        return dimension.value
    return {name: _drawn(f"{axis}.{name}", member, source) for name, member in dimension.members.items()}


def axes(space: Mapping[str, Dimension | Option], prefix: str = "") -> dict[str, int | None]:
    """Give every axis in the order of the space, also those below options that a draw may pass by.

    Returns:
        Axis → number of options where it is a choice, None where it is a number.
    """
    found: dict[str, int | None] = {}
    for name, dimension in space.items():
        if isinstance(dimension, Option):
            found |= axes(dimension.members or {}, f"{prefix}{name}.")
        elif isinstance(dimension, Numeric):
            found[prefix + name] = None
        else:
            found[prefix + name] = len(dimension.options)
            for index, option in enumerate(dimension.options):
                found |= axes(option.members or {}, f"{prefix}{name}.{index}.")
    return found


def combinations(space: Mapping[str, Dimension | Option]) -> int | None:
    """Count the sets of values that a space holds; None when a parameter has no end of values."""
    product = 1
    for dimension in space.values():
        count = dimension.count()
        if count is None:
            return None
        product *= count
    return product


def nth(space: Mapping[str, Dimension | Option], index: int) -> dict[str, Value]:
    """Give one of the sets of values that a countable space holds, from 0; the last parameter changes fastest."""
    found: dict[str, Value] = {}
    for name in reversed(list(space)):
        index, place = divmod(index, space[name].count() or 1)
        found[name] = _nth(space[name], place)
    return {name: found[name] for name in space}


def _nth(dimension: Dimension | Option, index: int) -> Value:
    if isinstance(dimension, Numeric):
        return dimension.nth(index)
    if isinstance(dimension, Option):
        return dimension.value if dimension.members is None else nth(dimension.members, index)
    for option in dimension.options:
        count = option.count() or 1
        if index < count:
            return _nth(option, index)
        index -= count
    raise IndexError(index)


def middle(space: Space) -> dict[str, Value]:
    """Give values from the middle of a space, to try out what is made of them."""
    return draw(space, _Middle())


class _Middle:
    def unit(self, axis: str) -> float:  # noqa: ARG002
        return 0.5

    def index(self, axis: str, count: int) -> int:  # noqa: ARG002
        return 0


def first_of_each(space: Space) -> Iterator[dict[str, Value]]:
    """Give values for every option of every choice at least once, to try out what is made of them."""
    most = max((len(d.options) for d in space.values() if isinstance(d, Choice)), default=1)
    for turn in range(most):
        yield draw(space, _Turn(turn))


@dataclass(frozen=True)
class _Turn(_Middle):
    turn: int

    def index(self, axis: str, count: int) -> int:  # noqa: ARG002
        return min(self.turn, count - 1)


def as_text(value: Value) -> str:
    """Write a value as a trial's command gets it: ``True``/``False``, numbers in full, the rest as JSON."""
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return "" if value is None else str(value)


def texts(values: Mapping[str, Value], prefix: str = "") -> dict[str, str]:
    """Write values by name; the members of a value that has some are there too: ``model``, ``model.depth``."""
    found: dict[str, str] = {}
    for name, value in values.items():
        found[prefix + name] = as_text(value)
        if isinstance(value, dict):
            found |= texts(value, f"{prefix}{name}.")
    return found
