"""Mappings whose ``type`` decides what else may stand in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from lapisml.documents.base import Part
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import NOT_SUPPORTED, describe, fault
from lapisml.documents.words import listed, nearest

MODELS_KEY = "x-models"
"""In a JSON schema that pydantic made: the models one of which stands here; see `registry.schema`."""

Chosen = tuple[type[Part], str | None]
"""A model, and the type to write into the mapping before it is read; None to leave it as it is."""


@dataclass(frozen=True)
class ByType:
    """Reads a mapping with the model that fits it, which is made ready only when it is needed.

    Attributes:
        choose: mapping → model and type; raises a fault when none fits.
        models: every model that may be chosen, for the JSON schema.
        text: reads the text that may stand in the mapping's place; None when a mapping must be there.
        expected: what may stand here, for messages.
    """

    choose: Callable[[Mapping[str, Any]], Chosen]
    models: Callable[[], Sequence[type[Part]]]
    expected: str
    text: Callable[[Any], str] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made: dict[str, Any] = {MODELS_KEY: list(self.models())}
        return {"anyOf": [{"type": "string"}, made]} if self.text else made

    def _read(self, value: Any) -> Any:
        if isinstance(value, Part):
            return value
        if isinstance(value, (dict, Mapping)):
            model, type_ = self.choose(value)
            return model.model_validate(value if type_ is None else {**value, "type": type_})
        if self.text is not None and isinstance(value, (str, bool, int, float)):
            return self.text(value)
        raise fault(describe(value), self.expected)


def known_type(given: Any, words: Sequence[str], refused: Mapping[str, str], within: DocumentPath = ()) -> str | None:
    """Read a ``type``; upper case and ``camelCase`` are taken too.

    Args:
        words: the types that are delivered.
        refused: type → why it is not.
        within: path of the mapping that holds it, for the fault.

    Returns:
        None when nothing is given.

    Raises:
        ValidationError: it is no type, or one that is refused.
    """
    if given is None:
        return None
    at = (*within, "type")
    if not isinstance(given, str):
        raise _at(at, fault(describe(given), listed(words)))
    if given in words:
        return str.__str__(given)
    by_fold = {_fold(word): word for word in (*words, *refused)}
    word = by_fold.get(_fold(given))
    if word is None:
        raise _at(at, fault(f"`{str.__str__(given)[:80]}` is no known type", listed(words), nearest(given, words)))
    if word in refused:
        message = f"`type: {word}` is not supported: {refused[word]}"
        raise _at(at, fault(message, listed(words), kind=NOT_SUPPORTED))
    return word


def _at(path: DocumentPath, found: PydanticCustomError) -> ValidationError:
    return ValidationError.from_exception_data("type", [InitErrorDetails(type=found, loc=path, input=None)])


def _fold(word: str) -> str:
    return word.replace("_", "").casefold()
