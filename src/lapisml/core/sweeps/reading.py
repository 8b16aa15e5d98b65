"""From the `search_space` of a document to a space, with every fault at its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.sweeps.spaces import Choice, Dimension, Numeric, Option, Space

_LIMITS = ("min_value", "max_value")
_MOMENTS = ("mu", "sigma")
KINDS: dict[str, tuple[str, ...]] = {
    "choice": ("values",),
    "randint": ("upper",),
    "uniform": _LIMITS,
    "loguniform": _LIMITS,
    "quniform": (*_LIMITS, "q"),
    "qloguniform": (*_LIMITS, "q"),
    "normal": _MOMENTS,
    "lognormal": _MOMENTS,
    "qnormal": (*_MOMENTS, "q"),
    "qlognormal": (*_MOMENTS, "q"),
}
"""Type of a parameter → the keys that it needs."""

_A_NUMBER = "a number"
_FAR = 8.3
"""So many standard deviations from the mean lies the farthest value that can be drawn."""


def read_space(given: Mapping[str, Any], base: float = math.e) -> Space:
    """Read a search space; its parameters stand in the order of their names, as they do once they are stored.

    Args:
        given: the document's `search_space`: name → ``{"type": "uniform", "min_value": …}``.
        base: of the powers of log distributions.

    Raises:
        LapisError: DocumentInvalid with a problem for every fault.
    """
    reader = _Reader(base)
    space = {name: reader.dimension(f"search_space.{name}", declared) for name, declared in _by_name(given)}
    if not space:
        reader.problems.append(Problem("there is no parameter to search", "search_space", expected="name and space"))
    if reader.problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The search space is not valid.", None, reader.problems)
    return space


class _Reader:
    def __init__(self, base: float) -> None:
        self._base = base
        self.problems: list[Problem] = []

    def dimension(self, place: str, given: Any) -> Dimension:
        nothing = Choice((Option(),))
        if not isinstance(given, Mapping) or given.get("type") not in KINDS:
            self._fault(place, "this is not a search space", f"a mapping with type: {', '.join(KINDS)}")
            return nothing
        kind = str(given["type"])
        missing = [key for key in KINDS[kind] if given.get(key) is None]
        for key in missing:
            self._fault(f"{place}.{key}", f"`{key}` is missing", f"a value, since the type is {kind}")
        if missing:
            return nothing
        return self._choice(place, given["values"]) if kind == "choice" else self._numeric(place, kind, given)

    def _choice(self, place: str, values: Any) -> Choice:
        if not isinstance(values, (list, tuple)) or not values:
            self._fault(f"{place}.values", "there is nothing to choose from", "a list with a value or more")
            return Choice((Option(),))
        return Choice(tuple(self._option(f"{place}.values[{index}]", value) for index, value in enumerate(values)))

    def _option(self, place: str, value: Any) -> Option:
        if not isinstance(value, Mapping):
            return Option(value)
        return Option(members={name: self._member(f"{place}.{name}", member) for name, member in sorted(value.items())})

    def _member(self, place: str, value: Any) -> Dimension | Option:
        if isinstance(value, Mapping) and value.get("type") in KINDS:
            return self.dimension(place, value)
        return self._option(place, value)

    def _numeric(self, place: str, kind: str, given: Mapping[str, Any]) -> Numeric:
        numbers = {key: self._number(f"{place}.{key}", given[key]) for key in KINDS[kind]}
        if kind == "randint":
            return self._randint(place, numbers["upper"])
        base = self._base if "log" in kind else None
        first, second = (numbers[key] for key in KINDS[kind][:2])
        made = Numeric(kind, first, second, numbers.get("q"), base)
        self._check(place, made)
        return made

    def _randint(self, place: str, upper: float) -> Numeric:
        if not upper.is_integer() or upper < 1:
            self._fault(f"{place}.upper", f"{upper:g} is not the upper end of a range", "a whole number of 1 or more")
        return Numeric("randint", 0.0, upper)

    def _check(self, place: str, made: Numeric) -> None:
        if made.q is not None and made.q <= 0:
            self._fault(f"{place}.q", f"{made.q:g} is no step", "a number above 0")
        if made.kind.endswith("normal"):
            if made.second <= 0:
                self._fault(f"{place}.sigma", f"{made.second:g} is no standard deviation", "a number above 0")
            self._reach(place, made, "mu", made.first + _FAR * abs(made.second))
            return
        if made.first > made.second:
            self._fault(f"{place}.max_value", f"{made.second:g} is below min_value", f"{made.first:g} or more")
        self._reach(place, made, "max_value", made.second)

    def _reach(self, place: str, made: Numeric, key: str, highest: float) -> None:
        """Refuse a logarithm whose power no number can hold."""
        if made.base is not None and highest * math.log(made.base) > math.log(1.7e308):
            hint = "a natural logarithm" if made.base == math.e else f"a logarithm to the base {made.base:g}"
            self._fault(f"{place}.{key}", f"{highest:g} is too large for a power", hint)

    def _number(self, place: str, value: Any) -> float:
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self._fault(place, f"`{str(value)[:80]}` is not a number", _A_NUMBER)
            return 1.0
        return number

    def _fault(self, place: str, message: str, expected: str) -> None:
        self.problems.append(Problem(message, place, expected=expected))


def _by_name(given: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    return sorted(((str(name), value) for name, value in given.items()), key=lambda pair: pair[0])
