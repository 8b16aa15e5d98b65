"""Records in MLflow's JSON form. Numbers that JSON lacks (NaN, the infinities) go as strings.

Fields that would carry their default are left out: the client spends most of its time on parsing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.limits import json_number
from lapisml.server.features.tracking.records import (
    ARTIFACTS,
    DatasetInput,
    Experiment,
    HistoryPoint,
    LoggedModel,
    ModelStatus,
    RunData,
    RunInfo,
    RunModel,
    model_artifact_uri,
)
from lapisml.server.features.tracking.run_states import RUN_TO_MLFLOW
from lapisml.server.surfaces.mlflow.statuses import MODEL_TO_MLFLOW

Json = dict[str, Any]


def experiment(found: Experiment) -> Json:
    """Write an experiment."""
    return {
        "experiment_id": found.experiment_id,
        "name": found.name,
        "artifact_location": found.artifact_location or f"{ARTIFACTS}/experiments/{found.experiment_id}",
        "lifecycle_stage": stage(found.deleted_at),
        "creation_time": found.created_at,
        "last_update_time": found.updated_at,
        "tags": [{"key": key, "value": value} for key, value in found.tags.items()],
    }


def run(found: RunData) -> Json:
    """Write a run with all that it logged."""
    written: Json = {
        "info": run_info(found.info),
        "data": {
            "metrics": [metric(*point) for point in found.metrics],
            "params": pairs(found.params),
            "tags": pairs(found.tags),
        },
    }
    models_in = [model for model in found.models if model.direction == "input"]
    models_out = [model for model in found.models if model.direction == "output"]
    if found.datasets or models_in:
        written["inputs"] = {
            "dataset_inputs": [dataset_input(one) for one in found.datasets],
            "model_inputs": [{"model_id": model.model_id} for model in models_in],
        }
    if models_out:
        written["outputs"] = {"model_outputs": [model_output(model) for model in models_out]}
    return written


def run_info(info: RunInfo) -> Json:
    """Write the row of a run."""
    written = {
        "run_id": info.run_id,
        "run_uuid": info.run_id,
        "run_name": info.name,
        "experiment_id": info.experiment_id,
        "user_id": info.user_id,
        "status": RUN_TO_MLFLOW[JobState(info.status)],
        "start_time": info.start_time,
        "lifecycle_stage": stage(info.deleted_at),
        "artifact_uri": info.artifact_uri,
    }
    if info.end_time is not None:
        written["end_time"] = info.end_time
    return written


def metric(key: str, value: float, timestamp: int, step: int, is_nan: int) -> Json:
    """Write the latest point of a metric."""
    return {"key": key, "value": json_number(value, is_nan), "timestamp": timestamp, "step": step}


def history(key: str, points: Iterable[HistoryPoint | tuple[float, int, int, int]]) -> list[Json]:
    """Write the points of a metric."""
    return [
        {"key": key, "value": json_number(value, is_nan), "timestamp": timestamp, "step": step}
        for value, timestamp, step, is_nan in points
    ]


def pairs(found: Iterable[tuple[str, str]]) -> list[Json]:
    """Write parameters or tags."""
    return [{"key": key, "value": value} for key, value in found]


def dataset_input(found: DatasetInput) -> Json:
    """Write a dataset that a run used."""
    dataset = {
        "name": found.name,
        "digest": found.digest,
        "source_type": found.source_type,
        "source": found.source,
    }
    if found.schema is not None:
        dataset["schema"] = found.schema
    if found.profile is not None:
        dataset["profile"] = found.profile
    return {"tags": pairs(found.tags.items()), "dataset": dataset}


def model_output(found: RunModel) -> Json:
    """Write a model that a run made."""
    return {"model_id": found.model_id, "step": found.step}


def logged_model(found: LoggedModel) -> Json:
    """Write a logged model."""
    info: Json = {
        "model_id": found.model_id,
        "experiment_id": found.experiment_id,
        "name": found.name,
        "creation_timestamp_ms": found.created_at,
        "last_updated_timestamp_ms": found.updated_at,
        "artifact_uri": model_artifact_uri(found.model_id),
        "status": MODEL_TO_MLFLOW[ModelStatus(found.status)],
        "tags": pairs(found.tags.items()),
    }
    if found.model_type is not None:
        info["model_type"] = found.model_type
    if found.source_run_id is not None:
        info["source_run_id"] = found.source_run_id
    data = {"params": pairs(found.params.items()), "metrics": [_model_metric(found, m) for m in found.metrics]}
    return {"info": info, "data": data}


def stage(deleted_at: int | None) -> str:
    """Write whether an object is active or deleted."""
    return "active" if deleted_at is None else "deleted"


def _model_metric(found: LoggedModel, point: tuple[str, float, int, int, int, str, str, str]) -> Json:
    key, value, timestamp, step, is_nan, run_id, dataset_name, dataset_digest = point
    written = {**metric(key, value, timestamp, step, is_nan), "model_id": found.model_id, "run_id": run_id}
    if dataset_name:
        written |= {"dataset_name": dataset_name, "dataset_digest": dataset_digest}
    return written
