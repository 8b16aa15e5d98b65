"""Inputs and outputs of jobs and components."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.core.errors import LapisError
from lapisml.documents import references
from lapisml.documents.base import Part, TextOr
from lapisml.documents.fields import Choice, FilledText, Literal, MappingOf, Name, OrNull, Refused, Text, Version
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_literal

DATA_TYPES = ("uri_file", "uri_folder", "mltable")
MODEL_TYPES = ("mlflow_model", "custom_model", "triton_model")
LITERAL_TYPES = ("string", "integer", "number", "boolean")

InputMode = Annotated[str, Choice("ro_mount", "mount", "download", "direct", "eval_mount", "eval_download", "rw_mount")]
OutputMode = Annotated[str, Choice("rw_mount", "mount", "upload", "direct")]

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,254}\Z")
_ON_COMPUTE = "a job finds its data in its own folder; `${{inputs.<name>}}` in the command gives the path"


class Input(Part):
    """Data, a model or a value that a job reads."""

    type: Annotated[str, Choice(*DATA_TYPES, *MODEL_TYPES, *LITERAL_TYPES)] | None = Field(
        None, description="what it is; taken from the asset when left out"
    )
    path: FilledText | None = Field(
        None, description="a local path, azureml:<name>:<version>, azureml://… or another URI"
    )
    mode: InputMode | None = Field(None, description="how the job reaches it")
    datastore: Text | None = Field(None, description="where local files are copied to")
    value: Literal | None = Field(None, description="the value, for an input that is not data")
    default: Literal | None = Field(None, description="the value when `value` is left out")
    description: Text | None = Field(None, description="what it is, for people")
    path_on_compute: Annotated[None, Refused(_ON_COMPUTE)] = None

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse an input that is neither data nor a value."""
        literal = self.value is not None or self.default is not None
        if self.type in LITERAL_TYPES and self.path is not None:
            yield ("path",), fault(f"an input of type {self.type} has a value, not a path", "`value`", at="key")
        elif self.path is None and not literal:
            wanted = "value" if self.type in LITERAL_TYPES else "path"
            yield (wanted,), fault(f"missing key `{wanted}`", self._meaning(wanted), at="missing")
        elif self.path is not None and literal:
            yield ("path",), fault("an input has a path or a value, not both", "one of them", at="key")
        elif self.path is not None:
            yield from readable(self.path)


class Output(Part):
    """Data or a model that a job writes."""

    type: Annotated[str, Choice(*DATA_TYPES, *MODEL_TYPES)] | None = Field(None, description="what it is")
    path: FilledText | None = Field(None, description="an azureml://datastores/… or other URI to write to")
    mode: OutputMode | None = Field(None, description="how the job reaches it")
    name: Name | None = Field(None, description="registers the output under this name when the job has completed")
    version: Version | None = Field(None, description="version to register")
    description: Text | None = Field(None, description="what it is, for people")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a place that a job can't write to, and a version without a name."""
        if self.path is not None:
            yield from _unwritable(self.path)
        if self.version is not None and self.name is None:
            yield ("version",), fault("a version needs a name", "`name`, to register the output under", at="key")


def readable(path: str) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield a fault when the `path` of data or a model looks like a reference and is none."""
    try:
        references.parse(path)
    except LapisError as error:
        yield ("path",), fault(error.message.rstrip("."))


def _unwritable(path: str) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    expected = "a URI such as azureml://datastores/workspaceblobstore/paths/<folder>"
    try:
        reference = references.parse(re.sub(r"\$\{\{.*?\}\}", "x", path))
    except LapisError as error:
        yield ("path",), fault(error.message.rstrip("."), expected)
        return
    writable = (references.DatastoreUri, references.PlainUri)
    in_registry = isinstance(reference, references.DatastoreUri) and reference.registry is not None
    if not isinstance(reference, writable) or in_registry:
        yield ("path",), fault(f"an output can't be written to `{path[:200]}`", expected)


def check_names(value: Any) -> Any:
    """Check the names of inputs or outputs; what has no value becomes an empty mapping."""
    if not isinstance(value, Mapping):
        return value
    for key in value:
        if not _KEY.match(str(key)):
            expected = "letters, digits, `_` or `-`, beginning with a letter or `_`"
            raise fault(f"`{str(key)[:80]}` can't be used in an expression", expected)
    return value


def _empty_outputs(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: {} if inner is None else inner for key, inner in value.items()}


AnInput = Annotated[
    str | int | float | bool | Input,
    TextOr(Input, read_literal, "text, a number, true or false, or a mapping with `path`"),
]
Inputs = Annotated[dict[str, AnInput], MappingOf, BeforeValidator(check_names)]
"""Name → literal value or data."""

Outputs = Annotated[
    dict[str, Annotated[Output, OrNull()]], BeforeValidator(_empty_outputs), MappingOf, BeforeValidator(check_names)
]
"""Name → where and what."""


def literal_of(given: Any) -> Any:
    """Return the value of an input that is written as a mapping; anything else unchanged."""
    if isinstance(given, Input) and given.path is None:
        return given.default if given.value is None else given.value
    return given
