"""Batch deployments: what scores whole sets of data, as a job for each invocation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.core.errors import LapisError
from lapisml.documents.base import Part
from lapisml.documents.fields import Amount, Choice, Count, FilledText, Variables, Whole
from lapisml.documents.kinds.any_component import FORMS, component_type, model_of, read_reference
from lapisml.documents.kinds.by_type import ByType, Chosen
from lapisml.documents.kinds.deployments import Deployment, ModelDeployment
from lapisml.documents.kinds.jobs import ComputeName
from lapisml.documents.kinds.parts import Resources
from lapisml.documents.kinds.settings import PipelineSettings
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_filled
from lapisml.documents.references import AssetRef, parse

_LEVELS = ("debug", "info", "warning", "error", "critical")
_JOB = "azureml:<name of a pipeline job>"


class BatchRetrySettings(Part):
    """What happens when a mini-batch fails."""

    max_retries: Amount | None = Field(None, description="how often a mini-batch is tried again; 3 when left out")
    timeout: Count | None = Field(None, description="seconds for one try of a mini-batch; 30 when left out")


class BatchScoring(BaseModel):
    """How data is parted, what may fail, and what becomes of the results."""

    mini_batch_size: Count | None = Field(None, description="files in a mini-batch; 10 when left out")
    max_concurrency_per_instance: Count | None = Field(
        None, description="mini-batches at once on each node; 1 when left out"
    )
    output_action: Annotated[str, Choice("append_row", "summary_only")] | None = Field(
        None, description="append_row: what run() returns goes into a file; summary_only: the script writes by itself"
    )
    output_file_name: FilledText | None = Field(
        None, description="name of the file for append_row; predictions.csv when left out"
    )
    retry_settings: BatchRetrySettings | None = Field(None, description="what happens when a mini-batch fails")
    error_threshold: Annotated[int, Whole(low=-1)] | None = Field(
        None, description="items that may fail before the job does; -1, when left out, for any"
    )
    logging_level: Annotated[str, Choice(*_LEVELS)] | None = Field(None, description="debug, info, warning or error")


_FLAT = tuple(BatchScoring.model_fields)
"""Keys that the older, flat form has at the top."""


def _file_name_faults(found: BatchScoring) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    name = found.output_file_name
    if name is not None and ("/" in name or name in (".", "..")):
        yield (
            ("output_file_name",),
            fault(f"`{name[:200]}` is not the name of a file", "a name such as predictions.csv"),
        )


class BatchSettings(BatchScoring, Part):
    """Settings of a deployment of a model."""

    environment_variables: Variables | None = Field(None, description="variable and value")
    instance_count: Count | None = Field(None, description="number of nodes, when `resources` does not say")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a file name that leads elsewhere."""
        yield from _file_name_faults(self)


class ModelBatchDeployment(BatchScoring, ModelDeployment):
    """A model that scores files. Keys of the older, flat form go under `settings`, over what stands there."""

    KIND: ClassVar[str] = "batch-deployment"
    NOUN: ClassVar[str] = "batch deployment"

    type: Annotated[str, Choice("model")] = Field("model", description="model")
    compute: ComputeName | None = Field(None, description="where its jobs run; this machine when left out")
    resources: Resources | None = Field(None, description="how many nodes a job gets")
    settings: BatchSettings | None = Field(
        None, description="how data is parted, what may fail, what becomes of the results"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a deployment of nothing, and a file name that leads elsewhere."""
        yield from super().faults()
        yield from _file_name_faults(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary, in the newer form: settings under `settings`, nodes under `resources`."""
        made = super().to_dict()
        settings = {**made.pop("settings", {}), **{key: made.pop(key) for key in _FLAT if key in made}}
        variables = {**settings.pop("environment_variables", {}), **made.pop("environment_variables", {})}
        nodes = settings.pop("instance_count", None)
        if nodes is not None:
            made["resources"] = {"instance_count": nodes, **made.get("resources", {})}
        if variables:
            settings["environment_variables"] = variables
        return {**made, "settings": settings} if settings else made


def _pipeline(data: Mapping[str, Any]) -> Chosen:
    found = "pipeline" if "jobs" in data and "type" not in data else component_type(data)
    if found != "pipeline":
        raise fault(f"this is a {found} component", "a pipeline component")
    return model_of(found), found


def _pipelines() -> Sequence[type[Part]]:
    return [model_of("pipeline")]


def _read_job(value: Any) -> str:
    text = read_filled(value)
    try:
        reference = parse(text, "job")
    except LapisError as error:
        raise fault(error.message.rstrip("."), _JOB) from None
    if not isinstance(reference, AssetRef) or reference.version or reference.label:
        raise fault(f"`{text[:200]}` can't name a job", _JOB)
    return text


APipelineComponent = Annotated[str | Part, ByType(_pipeline, _pipelines, FORMS, read_reference)]
"""A pipeline component: a reference, or in place."""

AJobReference = Annotated[str, PlainValidator(_read_job), WithJsonSchema({"type": "string"})]
"""``azureml:<name>``, or an address of a job."""


class PipelineBatchDeployment(Deployment):
    """A pipeline component that runs for each invocation."""

    KIND: ClassVar[str] = "batch-deployment"
    NOUN: ClassVar[str] = "batch deployment"

    type: Annotated[str, Choice("pipeline")] = Field("pipeline", description="pipeline")
    component: APipelineComponent | None = Field(
        None, description="a pipeline component: a reference, a local path, or in place"
    )
    job_definition: AJobReference | None = Field(
        None, description="in place of `component`: azureml:<name> of a finished pipeline job that becomes one"
    )
    settings: PipelineSettings | None = Field(None, description="what holds for all steps")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a deployment of nothing, and one of two things."""
        if self.component is None and self.job_definition is None:
            yield ("component",), fault("missing key `component`", "a component, or `job_definition`", at="missing")
        elif self.component is not None and self.job_definition is not None:
            message = "a deployment has a component or a job_definition, not both"
            yield ("job_definition",), fault(message, "one of them", at="key")
