"""What is known of a value before anything ran, and whether it fits what is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.scalars import Scalar, stringify
from lapisml.documents.words import nearest

LITERALS = frozenset({"string", "integer", "number", "boolean"})
MODELS = frozenset({"mlflow_model", "custom_model", "triton_model"})
FOLDERS = MODELS | {"uri_folder", "mltable"}
"""Types of what is, or may be, a folder."""


class Kind(Enum):
    """What sort of value it is."""

    LITERAL = auto()
    DATA = auto()
    UNSET = auto()
    """An optional input that was not given."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a value.

    Attributes:
        type: as declared; None when nothing says it.
        value: the literal; None when only its type is known.
        mode: of data, as given where it comes from.
    """

    kind: Kind
    type: str | None = None
    value: Scalar = None
    mode: str | None = None


UNSET = Given(Kind.UNSET)
UNKNOWN = Given(Kind.UNKNOWN)
SOME_DATA = Given(Kind.DATA)
SOME_LITERAL = Given(Kind.LITERAL)


class MisfitError(ValueError):
    """A value that does not fit.

    Attributes:
        expected, suggestion: what would have been right; the nearest valid word.
    """

    def __init__(self, message: str, expected: str | None = None, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.suggestion = suggestion


def fit_literal(value: Scalar, declared: Mapping[str, Any]) -> str | int | float | bool:
    """Turn a value into what an input is declared to be.

    A number that is written as text, such as ``1e-3``, stays text.

    Args:
        declared: with `type`, and `enum`, `min`, `max` where they are set.

    Raises:
        MisfitError: it has another type, or is not allowed.
    """
    kind = str(declared["type"])
    try:
        coerced = coerce(value, kind)
        _check_limits(coerced, declared, kind)
    except LiteralError as error:
        raise MisfitError(str(error), error.expected) from None
    return value.strip() if kind == "number" and isinstance(value, str) else coerced


def _check_limits(value: str | int | float | bool, declared: Mapping[str, Any], kind: str) -> None:
    enum = declared.get("enum")
    if enum is not None:
        allowed = [coerce(word, kind) for word in enum]
        if value not in allowed:
            words = [stringify(word) for word in allowed]
            raise MisfitError(
                f"`{str(value)[:80]}` is not allowed", ", ".join(words[:20]), nearest(stringify(value), words)
            )
    low, high = (None if declared.get(key) is None else coerce(declared[key], kind) for key in ("min", "max"))
    below = low is not None and value < low  # type: ignore[operator]
    if below or (high is not None and value > high):  # type: ignore[operator]
        raise MisfitError(f"{value} is out of range", _range(low, high))


def _range(low: Any, high: Any) -> str:
    if low is not None and high is not None:
        return f"a value from {low} to {high}"
    return f"a value of {low} or more" if high is None else f"a value of {high} or less"


def data_fits(given: str | None, declared: str | None) -> bool:
    """Say whether data of one type may be given where another is declared; unknown types fit.

    What Azure ML lets pass: a folder where a table or a model is declared and the other way round, and a file where
    a folder or a table is. A custom model may be a file or a folder.
    """
    if given is None or declared is None or given == declared or "path" in (given, declared):
        return True
    if given in FOLDERS and declared in FOLDERS:
        return True
    if given == "uri_file":
        return declared in ("uri_folder", "mltable", "custom_model")
    return given == "custom_model" and declared == "uri_file"


def data_type(given: str | None, declared: str | None) -> str | None:
    """Choose the type of data that is given where a type is declared.

    The declaration says how the command reads it; but a file stays a file, and an asset keeps the kind by which it is
    found: a registered model is no data asset.
    """
    if given in (None, "path") or declared in (None, "path"):
        chosen = declared if given in (None, "path") else given
        return None if chosen == "path" else chosen
    if "uri_file" in (given, declared):
        return declared if declared == "mltable" else given
    return given if (given in MODELS) != (declared in MODELS) else declared


def written_type(declared: str | None, wanted: str | None) -> str | None:
    """Choose the type of an output that its component declares and the pipeline's output asks for.

    Whether a file or a folder is written is known to the component; of which sort the folder is, to the pipeline.
    """
    if declared is None or declared == "path":
        return wanted
    if wanted is None:
        return declared
    return wanted if declared in FOLDERS and wanted in FOLDERS else declared
