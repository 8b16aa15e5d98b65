"""``load_job(…)`` and its like: an entity from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.loading import load_document
from lapisml.documents.merge import SetOp, assign_op
from lapisml.sdk.entities import (
    BatchEndpoint,
    Component,
    Data,
    Environment,
    Job,
    JobSchedule,
    Model,
    ModelBatchDeployment,
    OnlineDeployment,
    OnlineEndpoint,
    PipelineComponentBatchDeployment,
    PipelineJob,
    Workspace,
    entity_class,
)
from lapisml.sdk.entity import Entity

T = TypeVar("T")

BatchDeploymentOfAnyType = ModelBatchDeployment | PipelineComponentBatchDeployment

Overrides = Sequence[Mapping[str, Any]] | None
"""Changes over the file, as ``[{"inputs.rate": 0.1}, …]``."""


def _load(kind: str, source: str | Path, params_override: Overrides, relative_origin: str | None) -> Any:
    base = Path(relative_origin).parent if relative_origin else None
    loaded = load_document(source, overrides=_ops(params_override), kind=kind, base_dir=base)
    document = loaded.validated().to_dict()
    found = entity_class(kind, document)
    assert found is not None
    made = found(**document)
    if isinstance(made, PipelineJob):
        made.base_path = loaded.base_dir
    else:
        made._base_path = loaded.base_dir  # noqa: SLF001 - where the file lies is the entity's, not its document's
    return made


def _ops(overrides: Overrides) -> list[SetOp]:
    pairs = [pair for change in overrides or [] for pair in change.items()]
    return [assign_op(path, value, f"params_override {path}") for path, value in pairs]


def load_job(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Job:
    """Read a job from a YAML file.

    Args:
        source: the file.
        params_override: changes over the file, ``[{"inputs.rate": 0.1}]``, merged before validation.
        relative_origin: file that relative paths start beside, when it is not `source`.

    Raises:
        LapisError: DocumentInvalid with every fault and its place; NotFound; NotSupported.
    """
    made: Job = _checked(_load("job", source, params_override, relative_origin), *get_args(Job))
    return made


def load_data(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Data:
    """Read a data asset from a YAML file; see `load_job`."""
    return _checked(_load("data", source, params_override, relative_origin), Data)


def load_model(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Model:
    """Read a model from a YAML file; see `load_job`."""
    return _checked(_load("model", source, params_override, relative_origin), Model)


def load_environment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> Environment:
    """Read an environment from a YAML file; see `load_job`."""
    return _checked(_load("environment", source, params_override, relative_origin), Environment)


def load_component(
    source: str | Path | None = None,
    *,
    params_override: Overrides = None,
    relative_origin: str | None = None,
    client: Any = None,
    name: str | None = None,
    version: str | None = None,
) -> Component:
    """Read a component from a YAML file, see `load_job`; or from a workspace, by `client`, `name` and `version`."""
    made: Component
    if source is not None:
        made = _checked(_load("component", source, params_override, relative_origin), *get_args(Component))
        return made
    if client is None or name is None:
        sentence = "load_component needs a file, or a client and a name."
        raise LapisError(ErrorCode.USAGE, sentence, 'Write load_component("train.yml").')
    made = _checked(client.components.get(name, version), *get_args(Component))
    return made


def load_compute(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Any:
    """Read a compute from a YAML file; see `load_job`."""
    return _checked(_load("compute", source, params_override, relative_origin), Entity)


def load_datastore(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Any:
    """Read a datastore from a YAML file; see `load_job`."""
    return _checked(_load("datastore", source, params_override, relative_origin), Entity)


def load_schedule(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> JobSchedule:
    """Read a schedule from a YAML file, with the file of its job; see `load_job`."""
    return _checked(_load("schedule", source, params_override, relative_origin), JobSchedule)


def load_workspace(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> Workspace:
    """Read a workspace from a YAML file; see `load_job`."""
    return _checked(_load("workspace", source, params_override, relative_origin), Workspace)


def load_online_endpoint(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> OnlineEndpoint:
    """Read an online endpoint from a YAML file; see `load_job`."""
    made: OnlineEndpoint = _checked(
        _load("online-endpoint", source, params_override, relative_origin), *get_args(OnlineEndpoint)
    )
    return made


def load_online_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> OnlineDeployment:
    """Read an online deployment from a YAML file; see `load_job`."""
    made: OnlineDeployment = _checked(
        _load("online-deployment", source, params_override, relative_origin), *get_args(OnlineDeployment)
    )
    return made


def load_batch_endpoint(
    source: str | Path, relative_origin: str | None = None, *, params_override: Overrides = None
) -> BatchEndpoint:
    """Read a batch endpoint from a YAML file; see `load_job`."""
    return _checked(_load("batch-endpoint", source, params_override, relative_origin), BatchEndpoint)


def load_batch_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> BatchDeploymentOfAnyType:
    """Read a batch deployment of either type from a YAML file; see `load_job`."""
    made: BatchDeploymentOfAnyType = _checked(
        _load("batch-deployment", source, params_override, relative_origin), *get_args(BatchDeploymentOfAnyType)
    )
    return made


def load_model_batch_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> ModelBatchDeployment:
    """Read a batch deployment of a model from a YAML file; see `load_job`."""
    return _of_type(
        load_batch_deployment(source, params_override=params_override, relative_origin=relative_origin),
        ModelBatchDeployment,
        "model",
    )


def load_pipeline_component_batch_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> PipelineComponentBatchDeployment:
    """Read a batch deployment of a pipeline component from a YAML file; see `load_job`."""
    return _of_type(
        load_batch_deployment(source, params_override=params_override, relative_origin=relative_origin),
        PipelineComponentBatchDeployment,
        "pipeline",
    )


def _of_type(made: Any, wanted: type[T], type_: str) -> T:
    if not isinstance(made, wanted):
        sentence = f"The batch deployment '{made.name}' is not of type {type_}."
        raise LapisError(ErrorCode.USAGE, sentence, "Read it with load_batch_deployment.")
    return made


def _checked(made: Any, *kinds: type[T]) -> T:
    if not isinstance(made, kinds):
        raise LapisError(ErrorCode.INTERNAL, f"A {type(made).__name__} came where it was not expected.")
    return made
