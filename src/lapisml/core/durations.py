"""Lengths of time as Azure writes them (ISO 8601: ``PT1M30S``), and in the seconds of our documents. Pure."""

from __future__ import annotations

import re
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem

_FORM = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?\Z"
)
_LENGTHS = {"days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000}


def read_millis(value: Any, path: str) -> int | None:
    """Read a duration as milliseconds; None stays None.

    Args:
        path: where it stands, for the message.

    Raises:
        LapisError: DocumentInvalid.
    """
    if value is None:
        return None
    match = _FORM.match(str(value).upper()[:64])
    found = {key: float(text) for key, text in match.groupdict().items() if text} if match else {}
    if not found:
        problem = Problem(f"`{str(value)[:80]}` is no duration", path, expected="ISO 8601, for example PT1M30S")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, [problem])
    return round(sum(number * _LENGTHS[key] for key, number in found.items()))


def read_seconds(value: Any, path: str) -> int | None:
    """Read a duration as whole seconds; None stays None.

    Raises:
        LapisError: DocumentInvalid.
    """
    millis = read_millis(value, path)
    return None if millis is None else max(1, round(millis / 1000)) if millis else 0


def write_millis(millis: int | None) -> str | None:
    """Write milliseconds as a duration; None stays None."""
    if millis is None:
        return None
    seconds, rest = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{rest:03d}".rstrip("0") if rest else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or rest or not (days or time):
        time += f"{seconds}{fraction}S"
    return f"P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"


def write_seconds(seconds: int | None) -> str | None:
    """Write seconds as a duration; None stays None."""
    return None if seconds is None else write_millis(seconds * 1000)
