"""Lengths of time as the REST API writes them: ISO 8601, ``PT2M``, ``P1DT30S``."""

from __future__ import annotations

import re
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError

_FORM = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")
_UNITS = (604_800, 86_400, 3_600, 60, 1)


def read_seconds(text: Any, key: str) -> int | None:
    """Read a length, in whole seconds; None for None. Months and years have no fixed length and are refused.

    Args:
        key: names it in an error.

    Raises:
        LapisError: DocumentInvalid.
    """
    if text is None:
        return None
    match = _FORM.match(text) if isinstance(text, str) and text[-1:] not in ("P", "T") else None
    if match is None:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{key}: '{text}' is no length of time such as PT2M or P1DT12H.")
    return round(sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part))


def write_seconds(seconds: float | None) -> str | None:
    """Write a length; None for None."""
    return None if seconds is None else f"PT{seconds:g}S" if seconds != int(seconds) else f"PT{int(seconds)}S"
