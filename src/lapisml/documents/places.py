"""Where in a document files may be named: in a job, and in all that stands within it.

Light: the standard library only. Everything here reads documents that may be faulty: what is not as it should be is
passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.documents.paths import DocumentPath

Place = tuple[DocumentPath, Any, str]
"""Path of a value, the value, its role."""

DEPLOYMENTS = ("online-deployment", "batch-deployment")
"""Kinds that name models, scoring scripts and components."""


def path_fields(kind: str, data: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every key of a document that may hold a path or an address.

    Roles: ``code``, ``data``, ``model``, ``conda``, ``requirements``, ``build``, ``include``, and ``component`` and
    ``job`` for what has a file of its own.
    """
    if kind in ("data", "model"):
        yield from _field((), data, "path", kind)
    elif kind == "environment":
        yield from environment_fields((), data)
    elif kind == "job":
        yield from work_fields((), data)
    elif kind == "component":
        yield from work_fields((), data, declared=True)
    elif kind == "schedule":
        yield from _schedule(data)
    elif kind in DEPLOYMENTS:
        yield from _deployment(data)


def work_fields(path: DocumentPath, data: Any, *, declared: bool = False) -> Iterator[Place]:
    """Yield the fields of a job, a step or a component, and of those within it.

    Args:
        path: where it stands.
        declared: it is a component, whose inputs are declarations.
    """
    if not isinstance(data, Mapping):
        return
    yield from own_fields(path, data, declared=declared)
    for inner, value, is_component in inner_work(path, data):
        yield from work_fields(inner, value, declared=is_component)


def own_fields(path: DocumentPath, data: Mapping[str, Any], *, declared: bool = False) -> Iterator[Place]:
    """Yield the fields of one job, step or component, without those of others within it."""
    yield from _field(path, data, "code", "code")
    yield from environment_fields((*path, "environment"), data.get("environment"))
    task = data.get("task")
    if isinstance(task, Mapping):
        yield from _field((*path, "task"), task, "code", "code")
        yield from environment_fields((*path, "task", "environment"), task.get("environment"))
    if not declared:
        yield from _inputs((*path, "inputs"), data.get("inputs"))
    includes = data.get("additional_includes")
    for index, value in enumerate(includes if isinstance(includes, list) else []):
        yield (*path, "additional_includes", index), value, "include"
    for key in ("component", "trial"):
        if not isinstance(data.get(key), Mapping):
            yield from _field(path, data, key, "component")


def inner_work(path: DocumentPath, data: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, Any, bool]]:
    """Yield the jobs, steps and components within one: (path, what stands there, whether it is a component)."""
    for key in ("component", "trial"):
        if isinstance(data.get(key), Mapping):
            yield (*path, key), data[key], True
    steps = data.get("jobs")
    if isinstance(steps, Mapping):
        for name, step in steps.items():
            yield (*path, "jobs", str(name)), step, False


def environment_fields(path: DocumentPath, data: Any) -> Iterator[Place]:
    """Yield the fields of an environment that stands in place."""
    if not isinstance(data, Mapping):
        return
    yield from _field(path, data, "conda_file", "conda")
    yield from _field(path, data, "requirements_file", "requirements")
    build = data.get("build")
    if isinstance(build, Mapping):
        yield from _field((*path, "build"), build, "path", "build")


def created_job(data: Mapping[str, Any]) -> tuple[DocumentPath, Any]:
    """Say where the job of a schedule stands, and what stands there: a mapping, or text that names it."""
    given = data.get("create_job")
    if isinstance(given, Mapping) and "job" in given:
        return ("create_job", "job"), given["job"]
    return ("create_job",), given


def _schedule(data: Mapping[str, Any]) -> Iterator[Place]:
    path, job = created_job(data)
    given = data.get("create_job")
    if path[1:] and isinstance(given, Mapping):
        yield from own_fields(path[:1], given)
    if isinstance(job, Mapping):
        yield from work_fields(path, job)
    elif job is not None:
        yield path, job, "job"


def _deployment(data: Mapping[str, Any]) -> Iterator[Place]:
    model, code = data.get("model"), data.get("code_configuration")
    if isinstance(model, Mapping):
        yield from _field(("model",), model, "path", "model")
    if isinstance(code, Mapping):
        yield from _field(("code_configuration",), code, "code", "code")
    yield from environment_fields(("environment",), data.get("environment"))
    component = data.get("component")
    if isinstance(component, Mapping):
        yield from work_fields(("component",), component, declared=True)
    else:
        yield from _field((), data, "component", "component")


def _inputs(path: DocumentPath, inputs: Any) -> Iterator[Place]:
    if not isinstance(inputs, Mapping):
        return
    for name, given in inputs.items():
        if isinstance(given, Mapping):
            role = "model" if str(given.get("type") or "").endswith("_model") else "data"
            yield from _field((*path, str(name)), given, "path", role)


def _field(path: DocumentPath, data: Mapping[str, Any], key: str, role: str) -> Iterator[Place]:
    if data.get(key) is not None:
        yield (*path, key), data[key], role
