"""Inputs and outputs of pipelines and of their steps: like those of jobs, or an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import TextOr
from lapisml.documents.fields import Flag, ListOf, Literal, MappingOf, OrNull
from lapisml.documents.kinds.bindings import has_expression, is_binding
from lapisml.documents.kinds.declarations import value_faults
from lapisml.documents.kinds.io import LITERAL_TYPES, Input, Output, check_names, literal_of
from lapisml.documents.kinds.jobs import misfit
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_filled, read_literal
from lapisml.documents.references import LocalPath, parse


class StepInput(Input):
    """Data, a model or a value that a step reads."""

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse what jobs refuse too; an expression is looked at with the whole pipeline."""
        if not has_expression(self.path):
            yield from super().faults()
        elif not is_binding(self.path) and _is_local(str(self.path)):
            yield ("path",), fault("an expression can't be part of a local path", "${{parent.inputs.<name>}} alone")


def _is_local(text: str) -> bool:
    return isinstance(parse(text), LocalPath)


class PipelineInput(Input):
    """Data, a model or a value that a pipeline reads; one without a value gets it when the pipeline is submitted."""

    optional: Flag | None = Field(None, description="whether it may be left out")
    enum: Annotated[list[Literal], ListOf] | None = Field(None, description="the values that are allowed")
    min: Literal | None = Field(None, description="the smallest value that is allowed")
    max: Literal | None = Field(None, description="the largest value that is allowed")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a value that its own limits do not allow."""
        value = literal_of(self)
        if self.path is not None or self.type is None:
            yield from super().faults()
        elif self.type in LITERAL_TYPES and not isinstance(value, Input):
            yield from value_faults(self, self.type, "default" if self.value is None else "value")


class StepOutput(Output):
    """Data or a model that a step writes."""

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse what jobs refuse too; an expression is looked at with the whole pipeline."""
        if not is_binding(self.path):
            yield from super().faults()


def _read_output(value: Any) -> str:
    text = read_filled(value)
    if not is_binding(text):
        raise fault(f"`{text[:80]}` is no output of the pipeline", "${{parent.outputs.<name>}}, or a mapping")
    return text


def _without_nulls(value: Any) -> Any:
    """Take an output without a value for one that says nothing of itself."""
    return {k: {} if v is None else v for k, v in value.items()} if isinstance(value, Mapping) else value


def _present(value: Any) -> Any:
    """Leave out inputs without a value: they are not given."""
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value


_EXPECTED = "text, a number, true or false, or a mapping with `path`"
AStepInput = Annotated[str | int | float | bool | StepInput, TextOr(StepInput, read_literal, _EXPECTED)]
APipelineInput = Annotated[str | int | float | bool | PipelineInput, TextOr(PipelineInput, read_literal, _EXPECTED)]
AStepOutput = Annotated[str | StepOutput, TextOr(StepOutput, _read_output, "${{parent.outputs.<name>}}, or a mapping")]

_Names = BeforeValidator(check_names)

StepInputs = Annotated[dict[str, Annotated[AStepInput, OrNull()]], BeforeValidator(_present), MappingOf, _Names]
"""Name → value, expression or data."""

StepOutputs = Annotated[dict[str, Annotated[AStepOutput, OrNull()]], BeforeValidator(_without_nulls), MappingOf, _Names]
"""Name → expression, or where and what."""

PipelineInputs = Annotated[dict[str, Annotated[APipelineInput, OrNull()]], BeforeValidator(_present), MappingOf, _Names]
"""Name → value or data."""


def typed_faults(inputs: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield values that do not have the type that stands beside them."""
    for name, given in inputs.items():
        if isinstance(given, Input) and given.type in LITERAL_TYPES:
            yield from misfit(("inputs", name), given, str(given.type))


def plain_inputs(made: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Write inputs that are only a value as that value; those that have none stay as they are."""
    for name, given in inputs.items():
        literal = literal_of(given)
        if literal is not None and not isinstance(literal, Input):
            made["inputs"][name] = literal
    return made
