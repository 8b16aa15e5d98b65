"""`Input` and `Output` of the SDK: those of documents, which may also only declare."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from lapisml.core.errors import LapisError
from lapisml.documents.faults import faults_of, problems_of, refuse
from lapisml.documents.fields import Flag, ListOf, Literal
from lapisml.documents.kinds import io
from lapisml.documents.paths import DocumentPath

_Literals = Annotated[list[Literal], ListOf]


class Input(io.Input):
    """Data, a model or a value that a job reads; without path and value it declares what a component takes.

    Raises:
        LapisError: DocumentInvalid, for a key or a value that no document has.
    """

    model_config = ConfigDict(defer_build=True)
    NOUN: ClassVar[str] = "Input"

    optional: Flag | None = Field(None, exclude=True, description="whether it may be left out")
    enum: _Literals | None = Field(None, exclude=True, description="the values that are allowed")
    min: Literal | None = Field(None, exclude=True, description="the smallest value that is allowed")
    max: Literal | None = Field(None, exclude=True, description="the largest value that is allowed")

    def __init__(self, **values: Any) -> None:
        if values.pop("name", None) is not None:
            warnings.warn("An Input has no name of its own: it is the name that it is given for.", stacklevel=2)
        try:
            super().__init__(**_texts(values))
        except ValidationError as error:
            raise _refused(self.NOUN, error) from None

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse what is wrong in itself; that a path or value is there is checked when the job is submitted."""
        if self.path is not None or self.value is not None or self.default is not None:
            yield from super().faults()


class Output(io.Output):
    """Data or a model that a job writes.

    Raises:
        LapisError: DocumentInvalid, for a key or a value that no document has.
    """

    model_config = ConfigDict(defer_build=True)
    NOUN: ClassVar[str] = "Output"

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**_texts(values))
        except ValidationError as error:
            raise _refused(self.NOUN, error) from None


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    return {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in values.items()}


def _refused(noun: str, error: ValidationError) -> LapisError:
    faults = faults_of(error)
    return refuse(noun, None, problems_of(faults), faults)
