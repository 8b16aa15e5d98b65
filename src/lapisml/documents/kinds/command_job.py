"""Command jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document
from lapisml.documents.fields import Choice, FilledText, Name, ReferenceTo, Tags, Text, Variables
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import LITERAL_TYPES, Input, Inputs, Outputs, literal_of
from lapisml.documents.kinds.parts import Distribution, JobIdentity, Limits, QueueSettings, Resources, Services
from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_LONGEST_EXPERIMENT_NAME = 500
ComputeName = Annotated[str, ReferenceTo("compute", "azureml:<name>, or the name alone")]


class CommandJob(Document):
    """One command, run once."""

    KIND: ClassVar[str] = "job"
    NOUN: ClassVar[str] = "command job"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "log_files parameters exit_code warnings start_time end_time duration".split()
    )

    type: Annotated[str, Choice("command")] = Field("command", description="command")
    name: Name | None = Field(None, description="unique; one is made up when left out")  # type: ignore[assignment]
    display_name: Text | None = Field(None, description="a name for people")
    experiment_name: FilledText | None = Field(None, description="the experiment that the run belongs to")
    properties: Tags | None = Field(None, description="key and text, fixed once the job exists")
    command: FilledText = Field(description="what bash runs, with ${{inputs.<name>}} and ${{outputs.<name>}}")
    code: FilledText | None = Field(None, description="a folder or file that the command needs")
    inputs: Inputs | None = Field(None, description="name and value")
    outputs: Outputs | None = Field(None, description="name and place")
    environment: AnEnvironment = Field(description="a reference, or an environment in place")
    environment_variables: Variables | None = Field(None, description="variable and value")
    compute: ComputeName | None = Field(None, description="where it runs; this machine when left out")
    resources: Resources | None = Field(None, description="how many nodes")
    limits: Limits | None = Field(None, description="when it is ended")
    services: Services | None = Field(None, description="what runs beside it")
    identity: JobIdentity | None = Field(None, description="in whose name it reaches data")
    distribution: Distribution | None = Field(None, description="how processes are started on several nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    parent_job_name: Name | None = Field(None, description="the job that it belongs to")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not have the type that stands beside them, and an endless experiment name."""
        for name, given in (self.inputs or {}).items():
            if isinstance(given, Input) and given.type in LITERAL_TYPES:
                yield from _misfit(name, given, str(given.type))
        if self.experiment_name is not None and len(self.experiment_name) > _LONGEST_EXPERIMENT_NAME:
            yield ("experiment_name",), fault("it is too long", f"at most {_LONGEST_EXPERIMENT_NAME} characters")

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary; an input that is only a value is that value."""
        made = super().to_dict()
        for name, given in (self.inputs or {}).items():
            literal = literal_of(given)
            if not isinstance(literal, Input):
                made["inputs"][name] = literal
        return made


def _misfit(name: str, given: Input, kind: str) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    try:
        coerce(literal_of(given), kind)
    except LiteralError as error:
        yield ("inputs", name, "default" if given.value is None else "value"), fault(str(error), error.expected)
