"""Typed access to what a request carries: the JSON body of a POST, the query of a GET."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from lapisml.server.features.tracking.limits import check_int64, invalid

_MAX_ITEMS = 100_000


class Fields:
    """The fields of a request; a wrong type is refused with the field's name.

    Args:
        data: decoded JSON object, or a query whose values are lists of texts.
    """

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    @classmethod
    def of_query(cls, query: bytes) -> Fields:
        """Read a query string; fields that stand once are texts, others lists of texts.

        Raises:
            LapisError: Usage.
        """
        try:
            found = parse_qs(query.decode("ascii"), keep_blank_values=True, max_num_fields=10_000, errors="strict")
        except ValueError:
            raise invalid("The query of the address cannot be read.") from None
        return cls({name: values[0] if len(values) == 1 else values for name, values in found.items()})

    @classmethod
    def of_body(cls, body: bytes) -> Fields:
        """Read a JSON object; an empty body is an empty object.

        Raises:
            LapisError: Usage.
        """
        try:
            data = orjson.loads(body) if body else {}
        except orjson.JSONDecodeError:
            raise invalid("The body of the request is not valid JSON.") from None
        if not isinstance(data, dict):
            raise invalid("The body of the request must be a JSON object.")
        return cls(data)

    def get(self, name: str) -> Any:
        """Return a field as it came, None when it is missing."""
        return self._data.get(name)

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        value = self._data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(f"Invalid value for parameter '{name}': expected a string.")
        return value

    def required(self, name: str, *others: str) -> str:
        """Return a text that must be there, under `name` or an older name of it."""
        for each in (name, *others):
            value = self.text(each)
            if value:
                return value
        raise invalid(f"Missing value for required parameter '{name}'.")

    def integer(self, name: str, default: int, least: int | None = None, most: int | None = None) -> int:
        """Return an integer, within bounds."""
        found = self.optional_integer(name)
        value = default if found is None else found
        if (least is not None and value < least) or (most is not None and value > most):
            raise invalid(f"Invalid value for parameter '{name}': expected {least} to {most}, got {value}.")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Return an integer, None when it is missing."""
        value = self._data.get(name)
        return None if value is None or value == "" else check_int64(value, name)

    def flag(self, name: str) -> bool:
        """Return a boolean, False when it is missing."""
        value = self._data.get(name)
        if value in (None, False, "", "false", "False"):
            return False
        if value in (True, "true", "True"):
            return True
        raise invalid(f"Invalid value for parameter '{name}': expected true or false.")

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; one text alone is a list of one."""
        value = self._data.get(name)
        if value is None:
            return []
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise invalid(f"Invalid value for parameter '{name}': expected a list of strings.")
        return values

    def objects(self, name: str, most: int = _MAX_ITEMS) -> list[Fields]:
        """Return a list of objects."""
        value = self._data.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise invalid(f"Invalid value for parameter '{name}': expected a list of objects.")
        if len(value) > most:
            raise invalid(f"Parameter '{name}' takes at most {most} items, got {len(value)}.")
        return [Fields(one) for one in value]

    def object(self, name: str) -> Fields:
        """Return an object, an empty one when it is missing."""
        value = self._data.get(name)
        if value is None:
            return Fields({})
        if not isinstance(value, dict):
            raise invalid(f"Invalid value for parameter '{name}': expected an object.")
        return Fields(value)

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """Return a list of ``{"key", "value"}`` objects as pairs."""
        found = self._data.get(name)
        if not found:
            return []
        if not isinstance(found, list):
            raise invalid(f"Invalid value for parameter '{name}': expected a list.")
        return [_pair(one, name) for one in found]


def _pair(one: Any, name: str) -> tuple[str, str]:
    key = one.get("key") if isinstance(one, dict) else None
    value = one.get("value", "") if isinstance(one, dict) else None
    if not isinstance(key, str) or not isinstance(value, str):
        raise invalid(f"Invalid value for parameter '{name}': expected objects with the strings key and value.")
    return key, value
