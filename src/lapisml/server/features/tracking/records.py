"""What the tracking service takes and gives. Times are milliseconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

DEFAULT_EXPERIMENT_NAME = "Default"
DEFAULT_EXPERIMENT_ID = "0"
"""The public id of every workspace's default experiment; the stock client sends it when none was set."""

RUN_NAME_TAG = "mlflow.runName"
PARENT_RUN_TAG = "mlflow.parentRunId"
DATASET_CONTEXT_TAG = "mlflow.data.context"


ARTIFACTS = "mlflow-artifacts:"
"""Scheme of what the server keeps for clients: they resolve it against their own tracking address."""


def run_artifact_uri(run_id: str) -> str:
    """Give the address of the artifacts that the server keeps for a run."""
    return f"{ARTIFACTS}/runs/{run_id}/artifacts"


def model_artifact_uri(model_id: str) -> str:
    """Give the address of the artifacts that the server keeps for a logged model."""
    return f"{ARTIFACTS}/models/{model_id}/artifacts"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and in which workspace.

    Attributes:
        job: name of the job whose token was shown; such a caller sees and changes its own run and the runs
            that it made. None for a person.
    """

    workspace_id: int
    workspace: str
    user: str
    job: str | None = None

    def owns(self, run_id: str, owner_job: str | None) -> bool:
        """Say whether this caller may see and change the run `run_id` that `owner_job` made."""
        return self.job is None or self.job in (run_id, owner_job)


class View(StrEnum):
    """Which of active and deleted objects a search looks at."""

    ACTIVE = "active"
    DELETED = "deleted"
    ALL = "all"


class Point(NamedTuple):
    """One value of a metric; `model_id` and the dataset say what it was measured on, "" for nothing."""

    key: str
    value: float
    timestamp: int
    step: int
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(slots=True)
class LogEntry:
    """What one request logs to one run; checked in form, not yet against the run."""

    caller: Caller
    run_id: str
    points: Sequence[Point] = ()
    params: Sequence[tuple[str, str]] = ()
    tags: Sequence[tuple[str, str]] = ()


class HistoryPoint(NamedTuple):
    """One stored value of a metric whose run and key are known; `value` is 0.0 where `is_nan` is 1."""

    value: float
    timestamp: int
    step: int
    is_nan: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; `experiment_id` is the public id."""

    experiment_id: str
    name: str
    artifact_location: str | None
    created_at: int
    updated_at: int
    deleted_at: int | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The row of one run.

    Attributes:
        row: the run's row id.
        status: a `JobState` value.
        artifact_uri: where clients find the artifacts; see `run_artifact_uri`.
        owner_job: the job whose token made this run.
    """

    row: int
    run_id: str
    experiment_id: str
    name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    deleted_at: int | None
    artifact_uri: str
    owner_job: str | None


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """A dataset that a run used; `tags` say as what (``mlflow.data.context``: ``train``)."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class RunModel(NamedTuple):
    """A model that a run read (``input``) or made (``output``) at `step`."""

    model_id: str
    direction: str
    step: int


@dataclass(slots=True)
class RunData:
    """A run with all that it logged.

    Attributes:
        metrics: (key, value, timestamp, step, is_nan) of the latest point of each metric.
        params, tags: (key, value).
    """

    info: RunInfo
    metrics: list[tuple[str, float, int, int, int]] = field(default_factory=list)
    params: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[DatasetInput] = field(default_factory=list)
    models: list[RunModel] = field(default_factory=list)


class ModelStatus(StrEnum):
    """Where a logged model is."""

    PENDING = "Pending"
    READY = "Ready"
    UPLOAD_FAILED = "UploadFailed"


@dataclass(slots=True)
class LoggedModel:
    """A model that a run logged, before (or without) being registered.

    Attributes:
        metrics: (key, value, timestamp, step, is_nan, run_id, dataset_name, dataset_digest).
    """

    row: int
    model_id: str
    experiment_id: str
    name: str
    model_type: str | None
    source_run_id: str | None
    status: str
    created_at: int
    updated_at: int
    deleted_at: int | None
    owner_job: str | None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[tuple[str, float, int, int, int, str, str, str]] = field(default_factory=list)


DatasetFilter = tuple[str, str | None]
"""(name, digest or None for any) of the dataset that a metric was measured on."""


class Page(NamedTuple, Generic[T]):
    """One page of a search and the token of the next, None at the end."""

    items: list[T]
    token: str | None
