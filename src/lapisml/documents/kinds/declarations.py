"""What components declare: inputs and outputs, by name and type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice, Flag, ListOf, Literal, MappingOf, Text
from lapisml.documents.kinds.io import DATA_TYPES, LITERAL_TYPES, MODEL_TYPES, InputMode, OutputMode, check_names
from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault
from lapisml.documents.words import nearest

Literals = Annotated[list[Literal], ListOf]


class ComponentInput(Part):
    """What a component takes."""

    type: Annotated[str, Choice(*LITERAL_TYPES, *DATA_TYPES, *MODEL_TYPES, "path")] = Field(
        description="string, integer, number, boolean, or a type of data or model"
    )
    description: Text | None = Field(None, description="what it is, for people")
    optional: Flag | None = Field(None, description="whether it may be left out")
    default: Literal | None = Field(None, description="the value when none is given")
    enum: Literals | None = Field(None, description="the values that are allowed")
    min: Literal | None = Field(None, description="the smallest value that is allowed")
    max: Literal | None = Field(None, description="the largest value that is allowed")
    mode: InputMode | None = Field(None, description="how the job reaches it")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse limits that do not fit the type, and a default that is not allowed."""
        given = [key for key in ("enum", "min", "max") if getattr(self, key) is not None]
        allowed = {"integer": {"enum", "min", "max"}, "number": {"enum", "min", "max"}, "string": {"enum"}}
        for key in given:
            if key not in allowed.get(self.type, set()):
                yield (key,), fault(f"`{key}` has no meaning for an input of type {self.type}", at="key")
        if self.type in LITERAL_TYPES:
            yield from value_faults(self, self.type, "default")


def value_faults(found: Any, kind: str, key: str) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield what is wrong with a value, and with the limits that stand beside it.

    Args:
        found: a part with `min`, `max` and `enum`.
        kind: a type of literal.
        key: where the value stands.
    """
    limits: dict[str, Any] = {}
    for name in ("min", "max", key):
        value = getattr(found, name)
        try:
            limits[name] = None if value is None else coerce(value, kind)
        except LiteralError as error:
            yield (name,), fault(str(error), error.expected)
            return
    if limits[key] is not None:
        yield from _limit_faults(limits[key], found.enum, limits["min"], limits["max"], key)


def _limit_faults(
    value: Any, enum: list[Any] | None, low: Any, high: Any, key: str
) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    if enum is not None and str(value) not in map(str, enum):
        words = [str(word) for word in enum]
        yield (key,), fault(f"`{value}` is not allowed", ", ".join(words), nearest(str(value), words))
    if (low is not None and value < low) or (high is not None and value > high):
        yield (key,), fault(f"{value} is out of range", f"a value from {low} to {high}")


class ComponentOutput(Part):
    """What a component gives."""

    type: Annotated[str, Choice(*DATA_TYPES, *MODEL_TYPES, *LITERAL_TYPES, "path")] = Field(
        description="a type of data or model"
    )
    description: Text | None = Field(None, description="what it is, for people")
    mode: OutputMode | None = Field(None, description="how the job reaches it")


DeclaredInputs = Annotated[dict[str, ComponentInput], MappingOf, BeforeValidator(check_names)]
"""Name → declaration."""

DeclaredOutputs = Annotated[dict[str, ComponentOutput], MappingOf, BeforeValidator(check_names)]
"""Name → declaration."""
