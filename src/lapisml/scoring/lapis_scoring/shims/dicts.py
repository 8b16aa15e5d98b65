"""Dictionaries as Flask's requests have them: names with several values, and headers in any spelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


class MultiDict(dict):  # type: ignore[type-arg]
    """Name → first value; `getlist` returns all of a name."""

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self._all: dict[str, list[Any]] = {}
        for name, value in pairs:
            self._all.setdefault(name, []).append(value)
            self.setdefault(name, value)

    def getlist(self, name: str) -> list[Any]:
        """Return all values of a name."""
        return list(self._all.get(name, []))

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """Return each name with each of its values."""
        return ((name, value) for name, values in self._all.items() for value in values)

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        """Return a plain dictionary: of first values, or of lists."""
        return dict(self) if flat else {name: list(values) for name, values in self._all.items()}


class Headers:
    """HTTP headers."""

    def __init__(self, pairs: Iterable[Any] = ()) -> None:
        self._pairs: list[tuple[str, str]] = [(str(name), str(value)) for name, value in pairs]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the first value of a name, in any spelling."""
        wanted = name.lower()
        return next((value for found, value in self._pairs if found.lower() == wanted), default)

    def getlist(self, name: str) -> list[str]:
        """Return all values of a name."""
        wanted = name.lower()
        return [value for found, value in self._pairs if found.lower() == wanted]

    def add(self, name: str, value: Any) -> None:
        """Add a value, beside those that are there."""
        self._pairs.append((name, str(value)))

    add_header = add

    def remove(self, name: str) -> None:
        """Take all values of a name away."""
        wanted = name.lower()
        self._pairs = [pair for pair in self._pairs if pair[0].lower() != wanted]

    def replace(self, name: str, value: Any) -> None:
        """Replace all values of a name."""
        self.remove(name)
        self.add(name, value)

    def items(self) -> list[tuple[str, str]]:
        """Return the pairs."""
        return list(self._pairs)

    def keys(self) -> list[str]:
        """Return the names."""
        return [name for name, _ in self._pairs]

    def update(self, other: Any) -> None:
        """Replace what another dictionary names."""
        for name, value in other.items():
            self.replace(name, value)

    def __getitem__(self, name: str) -> str:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return str(found)

    __setitem__ = replace
    __delitem__ = remove

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)
