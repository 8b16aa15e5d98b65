"""Page tokens: opaque to clients, checked when they come back."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import HistoryPoint

_MAX_OFFSET = 10**9


def offset_token(offset: int, *query: Any) -> str:
    """Make the token of the page that begins at `offset` of the search that `query` describes."""
    return _encode({"offset": offset, "query": _digest(query)})


def read_offset(token: str | None, *query: Any) -> int:
    """Return the offset of a token, 0 for none.

    Raises:
        LapisError: Usage when it is no token, or one of another search.
    """
    if not token:
        return 0
    content = _decode(token)
    offset = content.get("offset")
    if type(offset) is not int or not 0 <= offset <= _MAX_OFFSET:
        raise invalid("Invalid page token.")
    if content.get("query") != _digest(query):
        raise invalid("The page token belongs to another search: repeat the search that it came from.")
    return offset


def history_token(last: HistoryPoint) -> str:
    """Make the token of the page behind `last`."""
    return _encode({"after": [last.value.hex(), last.timestamp, last.step, last.is_nan]})


def read_history(token: str | None) -> HistoryPoint | None:
    """Return the point that a token stands behind, None for no token.

    Raises:
        LapisError: Usage when it is no token.
    """
    if not token:
        return None
    try:
        value, timestamp, step, is_nan = _decode(token)["after"]
        return HistoryPoint(float.fromhex(value), int(timestamp), int(step), int(is_nan))
    except (KeyError, TypeError, ValueError):
        raise invalid("Invalid page token.") from None


def row_token(place: Sequence[Any], *query: Any) -> str:
    """Make the token of the page behind a row that stands at `place` in the order of the search `query`."""
    return _encode({"row": [_plain(value) for value in place], "query": _digest(query)})


def read_row(token: str | None, *query: Any) -> list[Any] | None:
    """Return the place that a token stands behind, None for no token.

    Raises:
        LapisError: Usage when it is no token, or one of another search.
    """
    if not token:
        return None
    content = _decode(token)
    if content.get("query") != _digest(query):
        raise invalid("The page token belongs to another search: repeat the search that it came from.")
    try:
        return [float.fromhex(value["float"]) if isinstance(value, dict) else value for value in content["row"]]
    except (KeyError, TypeError, ValueError):
        raise invalid("Invalid page token.") from None


def _plain(value: Any) -> Any:
    """Write a number so that it comes back as it is: JSON has no infinity."""
    return {"float": value.hex()} if isinstance(value, float) else value


def _digest(query: tuple[Any, ...]) -> str:
    return hashlib.sha256(orjson.dumps(query, default=str)).hexdigest()[:16]


def _encode(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode()


def _decode(token: str) -> dict[str, Any]:
    try:
        content = orjson.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (binascii.Error, ValueError):
        raise invalid("Invalid page token.") from None
    if not isinstance(content, dict):
        raise invalid("Invalid page token.")
    return content
