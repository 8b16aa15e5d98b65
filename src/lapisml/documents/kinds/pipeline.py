"""Pipelines: jobs and components that are made of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.fields import Choice, Name
from lapisml.documents.kinds.any_component import AComponent
from lapisml.documents.kinds.component import Component
from lapisml.documents.kinds.io import Outputs
from lapisml.documents.kinds.jobs import Job
from lapisml.documents.kinds.settings import PipelineSettings
from lapisml.documents.kinds.step_io import PipelineInputs, plain_inputs
from lapisml.documents.kinds.steps import Steps
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_EMPTY = "at least one step"


class PipelineJob(Job):
    """Steps that give each other what they need."""

    NOUN: ClassVar[str] = "pipeline job"

    type: Annotated[str, Choice("pipeline")] = Field("pipeline", description="pipeline")
    component: AComponent | None = Field(None, description="a pipeline component, in place of `jobs`")
    inputs: PipelineInputs | None = Field(None, description="name and value")
    outputs: Outputs | None = Field(None, description="name and place")
    settings: PipelineSettings | None = Field(None, description="what holds for all steps")
    jobs: Steps | None = Field(None, description="name and step")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a pipeline without steps, and one that says twice what they are."""
        yield from super().faults()
        if self.jobs is None and self.component is None:
            yield ("jobs",), fault("missing key `jobs`", "name and step; or `component`", at="missing")
        if self.jobs is not None and self.component is not None:
            yield ("component",), fault("a pipeline has `jobs` or a component", "one of them", at="key")
        if self.jobs is not None and not self.jobs:
            yield ("jobs",), fault("there is no step", _EMPTY)
        kind = getattr(self.component, "type", "pipeline")
        if kind != "pipeline":
            message = f"the component of a pipeline job is a pipeline, this is a {kind} component"
            yield ("component",), fault(message, "a pipeline component; or make it a step under `jobs`")

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary; an input that is only a value is that value."""
        return plain_inputs(super(Job, self).to_dict(), self.inputs or {})


class PipelineComponent(Component):
    """Steps with declared inputs and outputs, to be used as one step."""

    NOUN: ClassVar[str] = "pipeline component"

    type: Annotated[str, Choice("pipeline")] = Field("pipeline", description="pipeline")
    jobs: Steps = Field(description="name and step")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a pipeline without steps."""
        if not self.jobs:
            yield ("jobs",), fault("there is no step", _EMPTY)


class InlinePipelineComponent(PipelineComponent):
    """A pipeline component that stands within a pipeline; it needs no name."""

    name: Name | None = Field(None, description="for people")  # type: ignore[assignment]
