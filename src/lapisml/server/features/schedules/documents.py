"""From what a schedule's document says about its job to the document of each job. Pure."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.expressions import find

_MERGED = ("inputs", "outputs", "settings", "tags", "properties", "environment_variables", "limits", "resources")
"""Keys whose entries go over those of the job one by one; others take the job's place."""

_NOT_THE_JOBS = ("name", "parent_job_name")
_LONGEST, _LONGEST_SHOWN = 120, 230
"""How much of the schedule's name stands in a job's name and display name, characters."""

PROPERTY = "azureml.scheduleTrigger.scheduleName"
"""Property and tag of a job that name the schedule which made it."""

JobOf = Callable[[str], dict[str, Any]]
"""Gives the document of a job that exists."""


def job_of(create_job: str | Mapping[str, Any], existing: JobOf) -> dict[str, Any]:
    """Give the document that a schedule's jobs are made from.

    Args:
        create_job: a reference; a job in place; or a mapping with ``job`` and what is to be different.
        existing: gives the document of a job by name.

    Raises:
        LapisError: what `existing` raises; DocumentInvalid when the types differ.
    """
    if isinstance(create_job, str):
        return _bare(existing(job_name_of(create_job)))
    if "job" not in create_job:
        return _bare(create_job)
    given = create_job["job"]
    job = _bare(existing(job_name_of(given)) if isinstance(given, str) else given)
    changes = {key: value for key, value in create_job.items() if key != "job" and value is not None}
    wanted, found = changes.get("type"), str(job.get("type") or "command")
    if wanted is not None and wanted != found:
        problem = Problem(f"the job is of type {found}", "create_job.type", expected=found)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The schedule is not valid.", None, [problem])
    for key, value in changes.items():
        merges = key in _MERGED and isinstance(value, Mapping) and isinstance(job.get(key), Mapping)
        job[key] = {**job[key], **value} if merges else value
    return job


def job_name_of(reference: str) -> str:
    """Give the name in ``azureml:<name>``, also where it is the end of an ARM id."""
    return reference.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1]


def place_of(path: str, create_job: str | Mapping[str, Any]) -> str:
    """Say where in the schedule's document a path of the job's document stands."""
    if isinstance(create_job, str):
        return "create_job"
    key = path.partition(".")[0].partition("[")[0]
    if "job" not in create_job or key in create_job:
        return f"create_job.{path}" if path else "create_job"
    return "create_job.job" if isinstance(create_job["job"], str) or not path else f"create_job.job.{path}"


def run_name(schedule: str, due: int, mark: str) -> str:
    """Give the name of a job: always the same for the same moment and mark.

    Args:
        schedule: the schedule's name.
        due: the moment, milliseconds since the epoch, UTC.
        mark: see `run_mark`.
    """
    return f"{schedule[:_LONGEST]}_{_stamp(due)}_{mark}"


def run_mark(key: str, cause: int | str) -> str:
    """Give what tells the jobs of a schedule from each other, and from those of another with its name.

    Args:
        key: the schedule's key.
        cause: the moment that is due, or the wish of a person.
    """
    return hashlib.sha256(f"{key}/{type(cause).__name__}/{cause}".encode()).hexdigest()[:12]


def run_document(job: Mapping[str, Any], schedule: str, name: str, due: int) -> dict[str, Any]:
    """Make the document of one job.

    ``${{name}}`` in inputs becomes the job's name, ``${{creation_context.trigger_time}}`` in inputs and outputs the
    moment in ISO 8601, UTC.
    """
    document = copy.deepcopy(dict(job))
    time = datetime.fromtimestamp(due // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {"creation_context.trigger_time": time}
    for key, known in (("inputs", {**values, "name": name}), ("outputs", values)):
        if isinstance(document.get(key), Mapping):
            document[key] = {inner: _filled(value, known) for inner, value in document[key].items()}
    document["display_name"] = f"{schedule[:_LONGEST_SHOWN]}-{_stamp(due)}"
    document.setdefault("experiment_name", schedule)
    document["tags"] = {**(document.get("tags") or {}), PROPERTY: schedule}
    return document


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for expression in reversed(find(value)):
            if expression.name in values:
                value = value[: expression.start] + values[expression.name] + value[expression.end :]
        return value
    if isinstance(value, Mapping):
        return {key: _filled(inner, values) for key, inner in value.items()}
    return value


def _bare(job: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in copy.deepcopy(dict(job)).items() if key not in _NOT_THE_JOBS}


def _stamp(due: int) -> str:
    return datetime.fromtimestamp(due // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
