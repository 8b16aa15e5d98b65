"""Environments: what a job's process finds installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Asset, Part, TextOr
from lapisml.documents.fields import Choice, FilledText, Name, Port, ReferenceTo, Tags, Text, Texts, Version
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import describe, fault, read_any_mapping, read_filled

_SOURCES = ("image", "conda_file", "build", "requirements_file", "requirements")
_NEEDS = "`image`, `conda_file`, `requirements_file` or `build`"
_CONDA_HINT = "this is a conda file: save it apart and name it under `conda_file`"
_LINUX_ONLY = "environments are built for Linux"


class BuildContext(Part):
    """A folder with a Dockerfile."""

    path: FilledText = Field(description="the folder that holds the Dockerfile")
    dockerfile_path: Text | None = Field(None, description="path of the Dockerfile in the folder")


class Route(Part):
    """Where a container answers."""

    port: Port = Field(description="a port")
    path: Text = Field(description="a path such as /score")


class InferenceConfig(Part):
    """The routes of an image that serves models."""

    liveness_route: Route = Field(description="port and path")
    readiness_route: Route = Field(description="port and path")
    scoring_route: Route = Field(description="port and path")


def _conda(value: Any) -> Any:
    """Read a conda file's path, or its content."""
    if isinstance(value, Mapping):
        return read_any_mapping(value)
    if isinstance(value, list):
        raise fault(describe(value), "the path of a conda file, or its content")
    return read_filled(value)


CondaFile = Annotated[
    str | dict[str, Any], PlainValidator(_conda), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]


class _Definition(BaseModel):
    """The keys that say what an environment holds."""

    image: FilledText | None = Field(None, description="a container image")
    conda_file: CondaFile | None = Field(None, description="path of a conda file, or its content")
    requirements_file: FilledText | None = Field(None, description="path of a pip requirements file")
    requirements: Texts | None = Field(None, description="pip requirements, one a line")
    build: BuildContext | None = Field(None, description="a folder with a Dockerfile")
    inference_config: InferenceConfig | None = Field(None, description="the routes of an image that serves models")
    os_type: Annotated[str, Choice("linux", refused={"windows": _LINUX_ONLY})] | None = Field(None, description="linux")
    datastore: Text | None = Field(None, description="where a build context is copied to")


def _definition_faults(found: _Definition) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    if all(getattr(found, key) is None for key in _SOURCES):
        yield (), fault("nothing says what the environment holds", _NEEDS, at="key")
    if found.image is not None and found.build is not None:
        yield ("build",), fault("an environment has an image or a build, not both", "one of them", at="key")
    if isinstance(found.conda_file, dict):
        for path, message, expected in conda_faults(found.conda_file):
            yield ("conda_file", *path), fault(message, expected)


def conda_faults(conda: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, str, str]]:
    """Yield what is wrong with a conda file: (path, message, expected).

    The form is that of https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html.
    """
    items = conda.get("dependencies")
    if not isinstance(items, list):
        where: DocumentPath = ("dependencies",) if "dependencies" in conda else ()
        yield where, "a conda file lists what it needs under `dependencies`", "a list such as [python=3.11, pip]"
        return
    for index, item in enumerate(items):
        if isinstance(item, dict) and set(item) == {"pip"}:
            yield from _pip_faults(item["pip"], ("dependencies", index, "pip"))
        elif not isinstance(item, str):
            yield ("dependencies", index), "this is no dependency", "text such as numpy>=1.26, or `pip:` and a list"


def _pip_faults(items: Any, path: DocumentPath) -> Iterator[tuple[DocumentPath, str, str]]:
    if not isinstance(items, list):
        yield path, "what pip installs is not a list", "a list of requirements"
        return
    for index, item in enumerate(items):
        if not isinstance(item, str):
            yield (*path, index), "this is no requirement", "text such as mlflow>=2.9"


class Environment(_Definition, Asset):
    """An environment, by a name and a version."""

    KIND: ClassVar[str] = "environment"
    NOUN: ClassVar[str] = "environment"
    KEY_HINTS: ClassVar[Mapping[str, str]] = {"channels": _CONDA_HINT, "dependencies": _CONDA_HINT}

    properties: Tags | None = Field(None, description="key and text, kept with the environment")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse an environment that holds nothing, and a conda file that is none."""
        yield from _definition_faults(self)


class InlineEnvironment(_Definition, Part):
    """An environment that stands within a job or a component."""

    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | {"$schema", "latest_version", "intellectual_property"}
    KEY_HINTS: ClassVar[Mapping[str, str]] = {"channels": _CONDA_HINT, "dependencies": _CONDA_HINT}

    name: Name | None = Field(None, description="for people; an environment in a job is not registered")
    version: Version | None = Field(None, description="for people")
    description: Text | None = Field(None, description="what it is, for people")
    tags: Tags | None = Field(None, description="key and text")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse an environment that holds nothing, and a conda file that is none."""
        yield from _definition_faults(self)


_FORMS = (
    "azureml:<name>:<version>, azureml:<name>@latest, azureml://registries/…, or a mapping with `image`, "
    "`conda_file`, `requirements_file` or `build`"
)

AnEnvironment = Annotated[
    str | InlineEnvironment, TextOr(InlineEnvironment, ReferenceTo("environment", _FORMS).read, _FORMS)
]
"""A reference, or an environment in place."""
