"""Types of values in documents: lenient as the ``az ml`` command is, and clear when they refuse.

Each type reads what YAML, JSON or a command line's text gave and either returns the one Python value that
documents keep, or raises a fault with a message, what was expected, and the nearest valid word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from lapisml.core.errors import LapisError
from lapisml.documents import references
from lapisml.documents.scalars import Scalar, SourceScalar, resolve
from lapisml.documents.words import listed, nearest

FAULT = "document_fault"
"""Type of every pydantic error that this package raises."""

NOT_SUPPORTED = "document_not_supported"
"""Type of the error for something that is known and not delivered."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,254}\Z")
_VERSION = re.compile(r"[^\s/\\:@?#%\x00-\x1f\x7f]{1,255}\Z")
_A = {"environment": "an environment", "compute": "a compute"}
_WHOLE = re.compile(r"[-+]?\d+(?:\.0+)?\Z")


def fault(
    message: str, expected: str | None = None, suggestion: str | None = None, *, kind: str = FAULT, at: str = "value"
) -> PydanticCustomError:
    """Make the error that a validator raises.

    Args:
        at: whether the place of the fault is the ``value`` or its ``key``.
    """
    # A message is passed as a value, so that braces in it are not taken for places to fill in.
    context = {"message": message, "expected": expected, "suggestion": suggestion, "at": at}
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
    """Give a copy of dicts, lists and values without any memory of how they are written."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return resolved(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bool, int, float)):
        return str(value)
    raise fault(describe(value), "text")


def _filled(value: Any) -> str:
    text = _text(value)
    if not text.strip():
        raise fault("it is empty", "text")
    return text


def _name(value: Any) -> str:
    text = _text(value)
    if not _NAME.match(text):
        raise fault(
            f"`{text[:80]}` is not a name",
            "1 to 255 letters, digits, `_`, `-` or single `.`, beginning with a letter or digit",
        )
    return text


def _version(value: Any) -> str:
    text = _text(value)
    if not _VERSION.match(text):
        raise fault(f"`{text[:80]}` is not a version", "1 to 255 characters without spaces and none of / \\ : @ ? # %")
    return text


def _number(value: Any) -> int | float:
    value = resolved(value)
    if isinstance(value, str):
        try:
            value = int(value) if _WHOLE.match(value) and "." not in value else float(value)
        except ValueError:
            raise fault(f"`{value[:80]}` is not a number", "a number") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise fault(describe(value), "a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise fault("it is not a finite number", "a number")
    return value


def _flag(value: Any) -> bool:
    value = resolved(value)
    if isinstance(value, str):
        value = resolve(value)
    if not isinstance(value, bool):
        raise fault(describe(value), "true or false")
    return value


def read_literal(value: Any) -> Scalar:
    """Return a literal's value; a fault when it is a list, a mapping or nothing."""
    value = resolved(value)
    if isinstance(value, (str, bool, int, float)):
        return value
    raise fault(describe(value), "text, a number, true or false")


def _any_mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise fault(describe(value), "a mapping")
    made = plain(value)
    assert isinstance(made, dict)
    return made


Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Any scalar, as it is written."""

FilledText = Annotated[str, PlainValidator(_filled), WithJsonSchema({"type": "string", "minLength": 1})]
"""Text that is not blank."""

Secret = Text
"""Text that no message and no log may show; fields of this type are declared with ``repr=False``."""

Name = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME.pattern[:-2] + "$"})]
"""Name of an asset, compute, datastore, job or workspace."""

Version = Annotated[str, PlainValidator(_version), WithJsonSchema({"type": ["string", "number"]})]
"""Version of an asset: text, ``01`` is not ``1``."""

Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
Literal = Annotated[
    str | int | float | bool,
    PlainValidator(read_literal),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""Value of an input that is not data."""

AnyMapping = Annotated[dict[str, Any], PlainValidator(_any_mapping), WithJsonSchema({"type": "object"})]
"""A mapping of another system's making, kept as it is."""


@dataclass(frozen=True)
class Whole:
    """Reads a whole number of at least `low` and at most `high`."""

    low: int | None = None
    high: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        limits = {"minimum": self.low, "maximum": self.high}
        return {"type": "integer", **{key: value for key, value in limits.items() if value is not None}}

    def _read(self, value: Any) -> int:
        value = resolved(value)
        shown = f"`{value[:80]}` is not a whole number" if isinstance(value, str) else describe(value)
        if isinstance(value, str) and _WHOLE.match(value):
            value = float(value) if "." in value else int(value[:400])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise fault(shown if not isinstance(value, float) else f"{value} is not a whole number", self._expected())
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise fault(f"{value} is out of range", self._expected())
        return value

    def _expected(self) -> str:
        if self.low is not None and self.high is not None:
            return f"a whole number from {self.low} to {self.high}"
        return "a whole number" if self.low is None else f"a whole number of {self.low} or more"


Int = Annotated[int, Whole()]
Count = Annotated[int, Whole(low=1)]
"""1, 2, 3 …"""
Amount = Annotated[int, Whole(low=0)]
"""0, 1, 2 …"""
Port = Annotated[int, Whole(low=1, high=65535)]


class Choice:
    """Reads one of several words; upper case and ``camelCase`` are taken too.

    Args:
        words: the valid words, as documents keep them.
        refused: word → why it is not supported.
    """

    def __init__(self, *words: str, refused: Mapping[str, str] | None = None) -> None:
        self._words = words
        self._refused = dict(refused or {})
        self._by_fold = {_fold(word): word for word in (*words, *self._refused)}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self._words)}

    def _read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise fault(describe(value), listed(self._words))
        word = self._by_fold.get(_fold(value))
        if word is None:
            near = nearest(value, self._words)
            raise fault(f"`{str.__str__(value)[:80]}` is not known here", listed(self._words), near)
        if word in self._refused:
            raise fault(f"`{word}` is not supported: {self._refused[word]}", listed(self._words), kind=NOT_SUPPORTED)
        return word


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").casefold()


@dataclass(frozen=True)
class Refused:
    """Refuses any value of a key that is known and not delivered, with a sentence."""

    sentence: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"not": {}, "description": self.sentence}

    def _read(self, value: Any) -> None:
        if value is not None:
            raise fault(f"this is not supported: {self.sentence}", kind=NOT_SUPPORTED, at="key")


@dataclass(frozen=True)
class ReferenceTo:
    """Reads the name of something that exists elsewhere, in any form that `references.parse` takes.

    Attributes:
        kind: of the asset.
        forms: what is expected, for messages.
    """

    kind: str
    forms: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string"}

    def read(self, value: Any) -> str:
        """Return the text; a fault when it can't be a reference."""
        text = _filled(value)
        try:
            reference = references.parse(text, self.kind)
        except LapisError as error:
            raise fault(error.message.rstrip("."), self.forms) from None
        if not isinstance(reference, references.AssetRef):
            raise fault(f"`{text[:200]}` can't name {_A[self.kind]}", self.forms)
        return text


def _list_of_scalars(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return list(value)
    raise fault(describe(value), "a list")


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    raise fault(describe(value), "a mapping")


ListOf = BeforeValidator(_list_of_scalars)
"""In ``Annotated[list[X], ListOf]``: refuses what is no list in our words."""

MappingOf = BeforeValidator(_mapping)
"""In ``Annotated[dict[str, X], MappingOf]``: refuses what is no mapping in our words."""

Checked = Callable[[Any], Any]

Tags = Annotated[dict[str, Text | None], MappingOf]
"""Key → text; a key may stand alone."""

Texts = Annotated[list[Text], ListOf]
"""A list of text."""

Variables = Annotated[dict[str, Text], MappingOf]
"""Environment variable → value."""
