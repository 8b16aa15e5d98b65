"""What may be logged: names, lengths, numbers. The limits are those that MLflow's client documents.

Source: https://mlflow.org/docs/latest/api_reference/rest-api.html#request-limits and the client's own checks.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from lapisml.core.errors import ErrorCode, LapisError

MAX_METRICS_PER_BATCH = 1000
MAX_PARAMS_PER_BATCH = 100
MAX_TAGS_PER_BATCH = 100
MAX_ENTITIES_PER_BATCH = 1000
MAX_KEY_LENGTH = 250
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 8000
MAX_EXPERIMENT_NAME_LENGTH = 500
MAX_EXPERIMENT_TAG_LENGTH = 20_000
MAX_RUN_NAME_LENGTH = 8000
MAX_DATASET_NAME_LENGTH = 500
MAX_DATASET_DIGEST_LENGTH = 36
MAX_DATASETS_PER_REQUEST = 1000
MAX_TEXT_LENGTH = 16_777_215

_KEY = re.compile(r"[/\w.\- :]+\Z")
_RUN_ID = re.compile(r"[A-Za-z0-9][\w.\-]{0,254}\Z")
_INT64 = 2**63


def invalid(message: str) -> LapisError:
    """Make the error of a value that cannot be accepted."""
    return LapisError(ErrorCode.USAGE, message)


@lru_cache(maxsize=8192)
def key_fault(key: str) -> str | None:
    """Say what is wrong with the name of a metric, parameter or tag; None when nothing is."""
    if not key:
        return "A key name must be provided."
    if len(key) > MAX_KEY_LENGTH:
        return f"A key may have at most {MAX_KEY_LENGTH} characters, got {len(key)}."
    if _KEY.match(key) is None:
        return (
            f"Invalid name {key[:80]!r}: names may only contain alphanumerics, underscores (_), dashes (-), "
            "periods (.), spaces ( ), colons (:) and slashes (/)."
        )
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        return f"Invalid name {key[:80]!r}: it would resolve to another name when used as a path."
    return None


def check_key(key: str) -> str:
    """Return `key` when it may name a metric, parameter or tag.

    Raises:
        LapisError: Usage.
    """
    fault = key_fault(key)
    if fault is not None:
        raise invalid(fault)
    return key


def check_run_id(run_id: str) -> str:
    """Return `run_id` when it has the form of a run's id.

    Raises:
        LapisError: Usage.
    """
    if _RUN_ID.match(run_id) is None:
        raise invalid("A run id has 1 to 255 letters, digits, '_', '-' or '.', and begins with a letter or digit.")
    return run_id


def check_text(value: str, what: str) -> str:
    """Return `value` when it can be kept: text without the NUL character.

    Raises:
        LapisError: Usage.
    """
    if "\x00" in value:
        raise invalid(f"'{what}' contains a NUL character.")
    return value


def check_pairs(pairs: Sequence[tuple[str, str]], limit: int) -> list[tuple[str, str]]:
    """Check the keys of parameters or tags and cut their values to `limit` characters, as MLflow does.

    Raises:
        LapisError: Usage.
    """
    return [(check_key(key), check_text(value, key)[:limit]) for key, value in pairs]


def check_batch(metrics: int, params: int, tags: int) -> None:
    """Check how much one request may carry.

    Raises:
        LapisError: Usage.
    """
    limits = (
        ("metrics", metrics, MAX_METRICS_PER_BATCH),
        ("params", params, MAX_PARAMS_PER_BATCH),
        ("tags", tags, MAX_TAGS_PER_BATCH),
        ("metrics, params, and tags", metrics + params + tags, MAX_ENTITIES_PER_BATCH),
    )
    for what, got, most in limits:
        if got > most:
            raise invalid(
                f"A batch logging request can contain at most {most} {what}. Got {got} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def check_number(value: object, what: str) -> float:
    """Return `value` as a float; the strings NaN, Infinity and -Infinity are numbers in JSON form.

    Raises:
        LapisError: Usage.
    """
    if type(value) is float or type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise invalid(f"'{what}' does not fit into a 64-bit floating point number.") from None
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise invalid(f"'{what}' must be a number (64-bit floating point).")


def check_int64(value: object, what: str) -> int:
    """Return `value` as an integer; JSON carries 64-bit integers as numbers or as strings.

    Raises:
        LapisError: Usage.
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        value = int(value)
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise invalid(f"'{what}' must be a 64-bit integer.")
    return value


def json_number(value: float, is_nan: int) -> float | str:
    """Write a number so that JSON can carry it: NaN and the infinities become strings."""
    if is_nan:
        return "NaN"
    if math.isfinite(value):
        return value
    return "Infinity" if value > 0 else "-Infinity"
