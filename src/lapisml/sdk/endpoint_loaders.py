"""``load_online_endpoint(…)`` and its like: endpoints and deployments from YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, get_args

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.endpoints import (
    BatchDeploymentOfAnyType,
    BatchEndpoint,
    ModelBatchDeployment,
    OnlineDeployment,
    OnlineEndpoint,
    PipelineComponentBatchDeployment,
)
from lapisml.sdk.loaders import Overrides, checked, load_entity

T = TypeVar("T")


def load_online_endpoint(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> OnlineEndpoint:
    """Read an online endpoint from a YAML file; see `load_job`."""
    made: OnlineEndpoint = checked(
        load_entity("online-endpoint", source, params_override, relative_origin), *get_args(OnlineEndpoint)
    )
    return made


def load_online_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> OnlineDeployment:
    """Read an online deployment from a YAML file; see `load_job`."""
    made: OnlineDeployment = checked(
        load_entity("online-deployment", source, params_override, relative_origin), *get_args(OnlineDeployment)
    )
    return made


def load_batch_endpoint(
    source: str | Path, relative_origin: str | None = None, *, params_override: Overrides = None
) -> BatchEndpoint:
    """Read a batch endpoint from a YAML file; see `load_job`."""
    return checked(load_entity("batch-endpoint", source, params_override, relative_origin), BatchEndpoint)


def load_batch_deployment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> BatchDeploymentOfAnyType:
    """Read a batch deployment of either type from a YAML file; see `load_job`."""
    made: BatchDeploymentOfAnyType = checked(
        load_entity("batch-deployment", source, params_override, relative_origin), *get_args(BatchDeploymentOfAnyType)
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
