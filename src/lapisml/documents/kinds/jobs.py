"""What jobs of every type share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document
from lapisml.documents.fields import FilledText, Name, ReferenceTo, Tags, Text
from lapisml.documents.kinds.io import LITERAL_TYPES, Input, literal_of
from lapisml.documents.kinds.parts import JobIdentity, Services
from lapisml.documents.literals import LiteralError, coerce
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_LONGEST_EXPERIMENT_NAME = 500

ComputeName = Annotated[str, ReferenceTo("compute", "azureml:<name>, or the name alone")]


class Job(Document):
    """The keys around the work itself: names, experiment, compute, identity."""

    KIND: ClassVar[str] = "job"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "log_files parameters exit_code warnings start_time end_time duration step".split()
    )

    name: Name | None = Field(None, description="unique; one is made up when left out")  # type: ignore[assignment]
    display_name: Text | None = Field(None, description="a name for people")
    experiment_name: FilledText | None = Field(None, description="the experiment that the run belongs to")
    properties: Tags | None = Field(None, description="key and text, fixed once the job exists")
    compute: ComputeName | None = Field(None, description="where it runs; this machine when left out")
    services: Services | None = Field(None, description="what runs beside it")
    identity: JobIdentity | None = Field(None, description="in whose name it reaches data")
    parent_job_name: Name | None = Field(None, description="the job that it belongs to")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not have the type that stands beside them, and an endless experiment name."""
        for name, given in self._given_inputs().items():
            if isinstance(given, Input) and given.type in LITERAL_TYPES:
                yield from misfit(("inputs", name), given, str(given.type))
        if self.experiment_name is not None and len(self.experiment_name) > _LONGEST_EXPERIMENT_NAME:
            yield ("experiment_name",), fault("it is too long", f"at most {_LONGEST_EXPERIMENT_NAME} characters")

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary; an input that is only a value is that value."""
        made = super().to_dict()
        for name, given in self._given_inputs().items():
            literal = literal_of(given)
            if not isinstance(literal, Input):
                made["inputs"][name] = literal
        return made

    def _given_inputs(self) -> Mapping[str, Any]:
        return getattr(self, "inputs", None) or {}


def misfit(path: DocumentPath, given: Input, kind: str) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield a fault when the value of an input is none of its type; an expression may become one."""
    value = literal_of(given)
    if isinstance(value, Input) or (isinstance(value, str) and "${{" in value):
        return
    try:
        coerce(value, kind)
    except LiteralError as error:
        yield (*path, "default" if given.value is None else "value"), fault(str(error), error.expected)
