"""Types of values in documents, for pydantic models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from lapisml.core.errors import LapisError
from lapisml.documents import references
from lapisml.documents.reading import (
    NAME,
    NOT_SUPPORTED,
    describe,
    fault,
    read_any_mapping,
    read_filled,
    read_flag,
    read_list,
    read_literal,
    read_mapping,
    read_name,
    read_text,
    read_version,
    resolved,
)
from lapisml.documents.words import listed, nearest

_A = {"environment": "an environment", "compute": "a compute", "component": "a component"}
_WHOLE = re.compile(r"[-+]?\d+(?:\.0+)?\Z")
_MOST_DIGITS = 100
_LARGEST = 2**63 - 1

Text = Annotated[str, PlainValidator(read_text), WithJsonSchema({"type": "string"})]
"""Any scalar, as it is written."""

FilledText = Annotated[str, PlainValidator(read_filled), WithJsonSchema({"type": "string", "minLength": 1})]
"""Text that is not blank."""

Secret = Text
"""Text that no message and no log may show; fields of this type are declared with ``repr=False``."""

Name = Annotated[str, PlainValidator(read_name), WithJsonSchema({"type": "string", "pattern": NAME.pattern[:-2] + "$"})]
"""Name of an asset, compute, datastore, job or workspace."""

Version = Annotated[str, PlainValidator(read_version), WithJsonSchema({"type": ["string", "number"]})]
"""Version of an asset: text, ``01`` is not ``1``."""

Flag = Annotated[bool, PlainValidator(read_flag), WithJsonSchema({"type": "boolean"})]
Literal = Annotated[
    str | int | float | bool,
    PlainValidator(read_literal),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""Value of an input that is not data."""

AnyMapping = Annotated[dict[str, Any], PlainValidator(read_any_mapping), WithJsonSchema({"type": "object"})]
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
        found = _whole(value)
        if found is None:
            shown = isinstance(value, (str, float)) and not isinstance(value, bool)
            raise fault(f"`{str(value)[:80]}` is not a whole number" if shown else describe(value), self._expected())
        low, high = -_LARGEST if self.low is None else self.low, _LARGEST if self.high is None else self.high
        if not low <= found <= high:
            raise fault(f"{str(found)[:80]} is out of range", self._expected())
        return found

    def _expected(self) -> str:
        if self.low is not None and self.high is not None:
            return f"a whole number from {self.low} to {self.high}"
        return "a whole number" if self.low is None else f"a whole number of {self.low} or more"


def _whole(value: Any) -> int | None:
    """Return the whole number that a number or a text stands for, None when it stands for none."""
    if isinstance(value, str) and _WHOLE.match(value) and len(value) < _MOST_DIGITS:
        value = float(value) if "." in value else int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self._words)}

    def read(self, value: Any) -> str:
        """Return the word as documents keep it; a fault when it is none of them."""
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


class OneOrMore:
    """Takes a single value for a list of one: ``Annotated[list[X], ListOf, OneOrMore()]``."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._several, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        inner = handler(schema)
        return {"anyOf": [inner, inner["items"]]}

    def _several(self, value: Any) -> Any:
        return [value] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


class OrNull:
    """Says in the JSON schema that a value may be null; who holds it makes something of that."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(lambda value: value, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "null"}]}


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
        text = read_filled(value)
        try:
            reference = references.parse(text, self.kind)
        except LapisError as error:
            raise fault(error.message.rstrip("."), self.forms) from None
        if not isinstance(reference, references.AssetRef):
            raise fault(f"`{text[:200]}` can't name {_A[self.kind]}", self.forms)
        return text


ListOf = BeforeValidator(read_list)
"""In ``Annotated[list[X], ListOf]``: refuses what is no list in our words."""

MappingOf = BeforeValidator(read_mapping)
"""In ``Annotated[dict[str, X], MappingOf]``: refuses what is no mapping in our words."""

Checked = Callable[[Any], Any]

Tags = Annotated[dict[str, Text | None], MappingOf]
"""Key → text; a key may stand alone."""

Texts = Annotated[list[Text], ListOf]
"""A list of text."""

Variables = Annotated[dict[str, Text], MappingOf]
"""Environment variable → value."""
