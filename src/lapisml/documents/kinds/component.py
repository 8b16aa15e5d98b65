"""Command components: a command with declared inputs and outputs, to be used in pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Asset, Part
from lapisml.documents.fields import (
    AnyMapping,
    Choice,
    FilledText,
    Flag,
    ListOf,
    Literal,
    MappingOf,
    Text,
    Texts,
    Variables,
)
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import DATA_TYPES, LITERAL_TYPES, MODEL_TYPES, InputMode, OutputMode, check_names
from lapisml.documents.kinds.parts import Distribution, QueueSettings, Resources
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
            yield from self._misfits()

    def _misfits(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        for key in ("min", "max", "default"):
            value = getattr(self, key)
            try:
                coerced = None if value is None else coerce(value, self.type)
            except LiteralError as error:
                yield (key,), fault(str(error), error.expected)
                return
            if key == "default" and coerced is not None:
                yield from self._default_faults(coerced)

    def _default_faults(self, value: Any) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        if self.enum is not None and str(value) not in map(str, self.enum):
            words = [str(word) for word in self.enum]
            yield ("default",), fault(f"`{value}` is not allowed", ", ".join(words), nearest(str(value), words))
        low = None if self.min is None else coerce(self.min, self.type)
        high = None if self.max is None else coerce(self.max, self.type)
        if (low is not None and value < low) or (high is not None and value > high):
            yield ("default",), fault(f"{value} is out of range", f"a value from {low} to {high}")


class ComponentOutput(Part):
    """What a component gives."""

    type: Annotated[str, Choice(*DATA_TYPES, *MODEL_TYPES, *LITERAL_TYPES, "path")] = Field(
        description="a type of data or model"
    )
    description: Text | None = Field(None, description="what it is, for people")
    mode: OutputMode | None = Field(None, description="how the job reaches it")


class CommandComponent(Asset):
    """A command with declared inputs and outputs."""

    KIND: ClassVar[str] = "component"
    NOUN: ClassVar[str] = "command component"

    type: Annotated[str, Choice("command")] = Field("command", description="command")
    display_name: Text | None = Field(None, description="a name for people")
    command: FilledText = Field(description="what bash runs, with ${{inputs.<name>}} and ${{outputs.<name>}}")
    code: FilledText | None = Field(None, description="a folder or file that the command needs")
    environment: AnEnvironment = Field(description="a reference, or an environment in place")
    environment_variables: Variables | None = Field(None, description="variable and value")
    inputs: Annotated[dict[str, ComponentInput], MappingOf, BeforeValidator(check_names)] | None = Field(
        None, description="name and declaration"
    )
    outputs: Annotated[dict[str, ComponentOutput], MappingOf, BeforeValidator(check_names)] | None = Field(
        None, description="name and declaration"
    )
    resources: Resources | None = Field(None, description="how many nodes")
    distribution: Distribution | None = Field(None, description="how processes are started on several nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    is_deterministic: Flag | None = Field(None, description="whether equal inputs give equal outputs")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")
    properties: AnyMapping | None = Field(None, description="further facts")
