"""What deployments of all kinds share: name, endpoint, model, code, environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.core.errors import LapisError
from lapisml.documents.base import RECORD_KEYS, Document, Part, TextOr
from lapisml.documents.fields import AnyMapping, Choice, FilledText, Name, Tags, Text, Variables, Version
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import MODEL_TYPES, readable
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_filled, read_mapping, read_text
from lapisml.documents.references import AssetRef, ModelsUri, parse

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}\Z")
_MODEL_FORMS = (
    "azureml:<name>:<version>, azureml:<name>@latest, azureml://registries/…, models:/<name>/<version>, "
    "or a mapping with `path`"
)
_OURS = "lapis."


def _name(value: Any) -> str:
    text = read_text(value)
    if not _NAME.match(text):
        expected = "1 to 63 letters, digits, `-` or `_`, beginning with a letter"
        raise fault(f"`{text[:80]}` is not a name of an endpoint or deployment", expected)
    return text


ServedName = Annotated[
    str, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME.pattern[:-2] + "$"})
]
"""Name of an endpoint or a deployment: it stands in addresses and headers."""


def _properties(value: Any) -> dict[str, str | None]:
    """Read properties; those that the server itself adds to a record are passed over."""
    given = read_mapping(value)
    kept = {key: inner for key, inner in given.items() if not key.startswith(_OURS)}
    return {key: None if inner is None else read_text(inner) for key, inner in kept.items()}


Properties = Annotated[
    dict[str, str | None],
    PlainValidator(_properties),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}),
]
"""Key → text, without the keys ``lapis.…`` that the server adds."""


class InlineModel(Part):
    """A model that stands within a deployment."""

    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "$schema latest_version intellectual_property job_name utc_time_created run_id aliases stage datastore".split()
    )

    path: FilledText = Field(description="a local path, azureml://jobs/<job>/outputs/…, runs:/… or another URI")
    type: Annotated[str, Choice(*MODEL_TYPES)] | None = Field(
        None, description="mlflow_model, custom_model or triton_model; told by the files when left out"
    )
    name: Name | None = Field(None, description="name of the model; without one it is kept for this deployment")
    version: Version | None = Field(None, description="version of the model")
    description: Text | None = Field(None, description="what it is, for people")
    tags: Tags | None = Field(None, description="key and text")
    properties: Tags | None = Field(None, description="key and text")
    flavors: AnyMapping | None = Field(None, description="flavour of MLflow and its settings")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a path that can't be a place."""
        yield from readable(self.path)


def _model(value: Any) -> str:
    text = read_filled(value)
    try:
        reference = parse(text, "model")
    except LapisError as error:
        raise fault(error.message.rstrip("."), _MODEL_FORMS) from None
    if not isinstance(reference, (AssetRef, ModelsUri)):
        raise fault(f"`{text[:200]}` can't name a model", _MODEL_FORMS)
    return text


AModel = Annotated[str | InlineModel, TextOr(InlineModel, _model, _MODEL_FORMS)]
"""A reference, or a model in place."""


class CodeConfiguration(Part):
    """The scoring script."""

    code: FilledText = Field(description="the folder with the script")
    scoring_script: FilledText = Field(description="path of the script in the folder")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a script that lies outside of the folder."""
        parts = self.scoring_script.split("/")
        if parts[0] == "" or ".." in parts:
            expected = "a path in the folder of `code`, such as score.py"
            yield ("scoring_script",), fault(f"`{self.scoring_script[:200]}` lies outside of the code", expected)


class Served(Document):
    """What endpoints and deployments have in common."""

    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "provisioning_error provisioning_reason warnings kind scoring_uri openapi_uri replicas revision".split()
    )

    name: ServedName = Field(description="a name, here or with --name")
    properties: Properties | None = Field(None, description="key and text, kept with it")


class Deployment(Served):
    """What is deployed under an endpoint."""

    endpoint_name: ServedName = Field(description="the endpoint, here or with --endpoint-name")


class ModelDeployment(Deployment):
    """A model, or a script, that is deployed."""

    model: AModel | None = Field(None, description="a reference, or a model in place")
    code_configuration: CodeConfiguration | None = Field(
        None, description="the scoring script; needed unless the model is one of MLflow"
    )
    environment: AnEnvironment | None = Field(
        None, description="a reference, or an environment in place; an MLflow model's own when left out"
    )
    environment_variables: Variables | None = Field(None, description="variable and value")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a deployment of nothing, and a script without an environment."""
        if self.model is None and self.code_configuration is None:
            yield ("model",), fault("missing key `model`", _MODEL_FORMS, at="missing")
        elif self.code_configuration is not None and self.environment is None and not self._may_bring_environment():
            yield ("environment",), fault("missing key `environment`", "what the script needs", at="missing")

    def _may_bring_environment(self) -> bool:
        """Say whether the model may be one of MLflow, which says what it needs."""
        if isinstance(self.model, InlineModel):
            return self.model.type in (None, "mlflow_model")
        return self.model is not None
