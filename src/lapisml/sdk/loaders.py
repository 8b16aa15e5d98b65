"""``load_job(…)`` and its like: an entity from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.loading import load_document
from lapisml.documents.merge import SetOp, assign_op
from lapisml.sdk.entities import (
    Component,
    Data,
    Environment,
    Job,
    JobSchedule,
    Model,
    PipelineJob,
    Workspace,
    entity_class,
)
from lapisml.sdk.entity import Entity

T = TypeVar("T")

Overrides = Sequence[Mapping[str, Any]] | None
"""Changes over the file, as ``[{"inputs.rate": 0.1}, …]``."""


def load_entity(kind: str, source: str | Path, params_override: Overrides, relative_origin: str | None) -> Any:
    """Read the entity of a kind of document from a YAML file; see `load_job`."""
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
    made: Job = checked(load_entity("job", source, params_override, relative_origin), *get_args(Job))
    return made


def load_data(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Data:
    """Read a data asset from a YAML file; see `load_job`."""
    return checked(load_entity("data", source, params_override, relative_origin), Data)


def load_model(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Model:
    """Read a model from a YAML file; see `load_job`."""
    return checked(load_entity("model", source, params_override, relative_origin), Model)


def load_environment(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> Environment:
    """Read an environment from a YAML file; see `load_job`."""
    return checked(load_entity("environment", source, params_override, relative_origin), Environment)


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
        made = checked(load_entity("component", source, params_override, relative_origin), *get_args(Component))
        return made
    if client is None or name is None:
        sentence = "load_component needs a file, or a client and a name."
        raise LapisError(ErrorCode.USAGE, sentence, 'Write load_component("train.yml").')
    made = checked(client.components.get(name, version), *get_args(Component))
    return made


def load_compute(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Any:
    """Read a compute from a YAML file; see `load_job`."""
    return checked(load_entity("compute", source, params_override, relative_origin), Entity)


def load_datastore(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Any:
    """Read a datastore from a YAML file; see `load_job`."""
    return checked(load_entity("datastore", source, params_override, relative_origin), Entity)


def load_schedule(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> JobSchedule:
    """Read a schedule from a YAML file, with the file of its job; see `load_job`."""
    return checked(load_entity("schedule", source, params_override, relative_origin), JobSchedule)


def load_workspace(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> Workspace:
    """Read a workspace from a YAML file; see `load_job`."""
    return checked(load_entity("workspace", source, params_override, relative_origin), Workspace)


def load_registry(source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None) -> Any:
    """Read a registry from a YAML file; see `load_job`."""
    return checked(load_entity("registry", source, params_override, relative_origin), Entity)


def load_connection(
    source: str | Path, *, params_override: Overrides = None, relative_origin: str | None = None
) -> Any:
    """Read a connection from a YAML file; see `load_job`."""
    return checked(load_entity("connection", source, params_override, relative_origin), Entity)


load_workspace_connection = load_connection


def checked(made: Any, *kinds: type[T]) -> T:
    """Return an entity that is one of some classes.

    Raises:
        LapisError: Internal.
    """
    if not isinstance(made, kinds):
        raise LapisError(ErrorCode.INTERNAL, f"A {type(made).__name__} came where it was not expected.")
    return made
