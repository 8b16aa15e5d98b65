"""JSON, by orjson where the model's environment has it.

orjson refuses what strict JSON refuses (``NaN``, ``Infinity``); the standard library takes it, and so do clients that
write what Python writes. So what orjson refuses gets a second look.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from .errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    Loads = Callable[[bytes], Any]
    Dumps = Callable[[Any], bytes]


def loader() -> Loads:
    """Return the quickest parser at hand. It raises `RequestError` for what is no JSON."""
    try:
        import orjson  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return loads
    quick: Loads = orjson.loads

    def quick_loads(body: bytes) -> Any:
        try:
            return quick(body)
        except ValueError:
            return loads(body)

    return quick_loads


def loads(body: bytes) -> Any:
    """Parse.

    Raises:
        RequestError: it is no JSON; the message says where.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError as error:
        raise RequestError("The request's body is not UTF-8.", "InvalidJson") from error
    except RecursionError as error:
        raise RequestError("The request's body is nested too deeply.", "InvalidJson") from error
    except ValueError as error:
        if not body.strip():
            raise RequestError("The request has no body; send JSON.", "EmptyBody") from error
        raise RequestError(f"The request's body is not JSON: {error}.", "InvalidJson") from error


def dumper() -> Dumps:
    """Return the quickest writer at hand, for lists of plain numbers and texts; absent numbers become null."""
    try:
        import orjson
    except ImportError:
        return dumps
    quick: Callable[[Any, Any], bytes] = orjson.dumps

    def quick_dumps(value: Any) -> bytes:
        try:
            return quick(value, _plain)
        except (TypeError, ValueError):
            return dumps(value)

    return quick_dumps


def dumps(value: Any) -> bytes:
    """Write a value that may hold what models return: arrays, numbers of numpy, dates, bytes; NaN becomes null."""
    try:
        return json.dumps(value, allow_nan=False, default=_plain).encode()
    except ValueError:
        return json.dumps(_without_nan(value), default=_plain).encode()


def _plain(value: Any) -> Any:
    """Turn what JSON does not know into what it knows, as MLflow's server does."""
    if hasattr(value, "tolist"):
        return _without_nan(value.tolist())
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, (set, frozenset)) or hasattr(value, "__next__"):
        return list(value)
    if type(value).__name__ == "NAType":
        return None
    raise TypeError(f"a {type(value).__name__} can't be written as JSON")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if hasattr(value, "tolist"):
        return _without_nan(value.tolist())
    return value
