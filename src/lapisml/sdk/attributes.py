"""Parts of documents made in Python: mappings whose keys are attributes too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Attributes(dict[str, Any]):
    """A mapping whose keys can be read and set as attributes; a key that is not there reads as None.

    Mappings within it become `Attributes` as well. What a document may hold is checked when it is submitted.

    Args:
        given: keys and values; those that are None are left out.
        values: the same.
    """

    def __init__(self, given: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        pairs = {**(given or {}), **values}
        super().__init__({str(key): attributed(value) for key, value in pairs.items() if value is not None})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if value is None:
            self.pop(name, None)
        else:
            self[name] = attributed(value)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, attributed(value))

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary."""
        from lapisml.sdk.dsl.values import plain

        made: dict[str, Any] = plain(self)
        return made


def attributed(value: Any) -> Any:
    """Turn a plain dict into `Attributes`; anything else stays."""
    return Attributes(value) if type(value) is dict else value
