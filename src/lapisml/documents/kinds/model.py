"""Models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Asset
from lapisml.documents.fields import AnyMapping, Choice, FilledText, Refused, Tags, Text
from lapisml.documents.kinds.io import MODEL_TYPES, readable
from lapisml.documents.paths import DocumentPath

_TEMPLATES = "deployment templates belong to Azure's own registries"


class Model(Asset):
    """The files of a model, by a name and a version."""

    KIND: ClassVar[str] = "model"
    NOUN: ClassVar[str] = "model"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "latest_version intellectual_property job_name utc_time_created run_id aliases".split()
    )

    type: Annotated[str, Choice(*MODEL_TYPES)] = Field(
        "custom_model", description="custom_model, mlflow_model or triton_model"
    )
    path: FilledText = Field(description="a local path, azureml://jobs/<job>/outputs/…, runs:/… or another URI")
    stage: Text | None = Field(None, description="for example Production")
    flavors: AnyMapping | None = Field(None, description="flavour of MLflow and its settings")
    properties: Tags | None = Field(None, description="key and text, kept with the model")
    datastore: Text | None = Field(None, description="where local files are copied to")
    default_deployment_template: Annotated[None, Refused(_TEMPLATES)] = None
    allowed_deployment_templates: Annotated[None, Refused(_TEMPLATES)] = None

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a path that can't be a place."""
        yield from readable(self.path)
