"""From what YAML, JSON or a command line's text gave to the one value that documents keep.

Lenient as the ``az ml`` command is, and clear in refusing: a fault has a message, what was expected, and the
nearest valid word. Faults never show the value of a list or a mapping, which may hold secrets.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from lapisml.documents.scalars import SourceScalar, resolve
from lapisml.documents.words import printable

FAULT = "document_fault"
"""Type of every pydantic error that this package raises."""

NOT_SUPPORTED = "document_not_supported"
"""Type of the error for something that is known and not delivered."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,254}\Z")
_VERSION = re.compile(r"[^\s/\\:@?#%\x00-\x1f\x7f]{1,255}\Z")


def fault(
    message: str, expected: str | None = None, suggestion: str | None = None, *, kind: str = FAULT, at: str = "value"
) -> PydanticCustomError:
    """Make the error that a validator raises.

    Args:
        at: whether the place of the fault is the ``value`` or its ``key``.
    """
    # A message is passed as a value, so that braces in it are not taken for places to fill in.
    context = {"message": printable(message), "expected": expected, "suggestion": suggestion, "at": at}
    return PydanticCustomError(kind, "{message}", context)


def describe(value: Any) -> str:
    """Say in words what kind of value this is, without the value."""
    value = resolved(value)
    if value is None:
        return "it has no value"
    words = [(bool, "it is true or false"), (int, "it is a number"), (float, "it is a number"), (str, "it is text")]
    words += [(list, "it is a list"), (Mapping, "it is a mapping")]
    return next((text for kind, text in words if isinstance(value, kind)), f"it is a {type(value).__name__}")


def resolved(value: Any) -> Any:
    """Give the value of a scalar that remembers how it is written; anything else unchanged."""
    return value.value if isinstance(value, SourceScalar) else value


def plain(value: Any) -> Any:
    """Give a copy of dicts, lists and values without any memory of how they are written, fit for JSON."""
    if type(value) in (str, int, bool):
        return value
    if isinstance(value, (dict, Mapping)):  # a dictionary is told much quicker than a mapping
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    value = resolved(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def read_text(value: Any) -> str:
    """Return any scalar as text, as it is written; a fault when it is a list, a mapping or nothing."""
    if isinstance(value, str):
        return _storable(str.__str__(value))
    if isinstance(value, (bool, int, float)):
        return str(value)
    raise fault(describe(value), "text")


def _storable(text: str) -> str:
    """Refuse what no file, database or command can hold: the character NUL, and halves of characters."""
    if "\x00" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
        raise fault("it holds a character that can't be kept", "text without NUL and without unpaired surrogates")
    return text


def read_filled(value: Any) -> str:
    """Return text that is not blank."""
    text = read_text(value)
    if not text.strip():
        raise fault("it is empty", "text")
    return text


def read_name(value: Any) -> str:
    """Return a name of 1 to 255 characters that is safe in paths and arguments."""
    text = read_text(value)
    if not NAME.match(text):
        raise fault(
            f"`{text[:80]}` is not a name",
            "1 to 255 letters, digits, `_`, `-` or single `.`, beginning with a letter or digit",
        )
    return text


def read_version(value: Any) -> str:
    """Return a version: text, as it is written."""
    text = read_text(value)
    if not _VERSION.match(text):
        raise fault(f"`{text[:80]}` is not a version", "1 to 255 characters without spaces and none of / \\ : @ ? # %")
    return text


def read_flag(value: Any) -> bool:
    """Return a boolean; text that YAML reads as one counts."""
    value = resolved(value)
    if isinstance(value, str):
        value = resolve(value)
    if not isinstance(value, bool):
        raise fault(describe(value), "true or false")
    return value


def read_literal(value: Any) -> str | int | float | bool:
    """Return a literal's value; a fault when it is a list, a mapping or nothing.

    A number that is not finite becomes its text, ``inf`` or ``nan``: JSON has no such numbers.
    """
    value = resolved(value)
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, (bool, int, float)):
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value
    raise fault(describe(value), "text, a number, true or false")


def read_any_mapping(value: Any) -> dict[str, Any]:
    """Return a mapping of another system's making as it is."""
    if not isinstance(value, Mapping):
        raise fault(describe(value), "a mapping")
    made = plain(value)
    assert isinstance(made, dict)
    try:
        json.dumps(made, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        raise fault("it holds a value that JSON can't hold", "text, numbers, lists and mappings") from None
    return made


def read_list(value: Any) -> list[Any]:
    """Return the items of a list, unread; a fault when it is none."""
    if isinstance(value, (list, tuple)):
        return list(value)
    raise fault(describe(value), "a list")


def read_mapping(value: Any) -> dict[str, Any]:
    """Return the entries of a mapping, unread; a fault when it is none."""
    if isinstance(value, (dict, Mapping)):
        return {_storable(str(key)): inner for key, inner in value.items()}
    raise fault(describe(value), "a mapping")
