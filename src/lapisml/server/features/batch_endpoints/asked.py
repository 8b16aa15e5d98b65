"""What an invocation asks for, read from the body of its request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.ids import is_valid_name
from lapisml.documents.words import listed, nearest

_COUNTS = {"mini_batch_size": 1, "max_concurrency_per_instance": 1, "error_threshold": -1}
_TEXTS = ("output_file_name", "output_action", "logging_level")
_PLAIN = ("deployment_name", "experiment_name", "display_name", "description", "job_name", "compute")
_MAPPINGS = ("inputs", "outputs", "tags", "properties", "retry_settings", "environment_variables")
_ACTIONS = ("append_row", "summary_only")
_LEVELS = ("debug", "info", "warning", "error", "critical")
_KNOWN = (*_PLAIN, *_MAPPINGS, *_COUNTS, *_TEXTS, "instance_count")


@dataclass(frozen=True)
class Asked:
    """What an invocation asks for.

    Attributes:
        deployment_name: None means the endpoint's default.
        job_name: the name that the job is to have; the same name makes one job.
        inputs, outputs: name → data (``type``, ``path``, ``mode``), or a value.
        settings: what replaces the deployment's ``settings``.
        resources: what replaces its ``resources``.
        compute: what replaces its ``compute``.
    """

    deployment_name: str | None = None
    job_name: str | None = None
    experiment_name: str | None = None
    display_name: str | None = None
    description: str | None = None
    compute: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)


def read(body: Mapping[str, Any]) -> Asked:
    """Read an invocation.

    Raises:
        LapisError: DocumentInvalid, with a problem for every fault.
    """
    given = {key: value for key, value in body.items() if value is not None}
    problems = [
        Problem("is not known here", key, expected=listed(_KNOWN), suggestion=nearest(key, _KNOWN))
        for key in given
        if key not in _KNOWN
    ]
    _check_texts(given, problems)
    counts = {key: _count(key, given[key], least, problems) for key, least in _COUNTS.items() if key in given}
    instances = _count("instance_count", given["instance_count"], 1, problems) if "instance_count" in given else None
    problems += [
        Problem("is not a mapping", key, expected="name and value")
        for key in _MAPPINGS
        if not isinstance(given.get(key, {}), Mapping)
    ]
    if not problems:
        problems += _output_faults(given.get("outputs", {}))
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The invocation is not valid.", None, problems)
    more = {key: given[key] for key in (*_TEXTS, "retry_settings", "environment_variables") if key in given}
    return Asked(
        **{key: given[key] for key in _PLAIN if key in given},
        inputs={str(key): value for key, value in given.get("inputs", {}).items() if value is not None},
        outputs={str(key): dict(value or {}) for key, value in given.get("outputs", {}).items()},
        tags={str(key): str(value) for key, value in given.get("tags", {}).items()},
        properties={str(key): str(value) for key, value in given.get("properties", {}).items()},
        settings={**counts, **more},
        resources={"instance_count": instances} if instances is not None else {},
    )


def file_name_fault(name: Any) -> str | None:
    """Say what is wrong with the name of the file that takes the results; None when nothing is."""
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name in (".", ".."):
        return f"`{str(name)[:80]}` is not the name of a file"
    return None


def _check_texts(given: Mapping[str, Any], problems: list[Problem]) -> None:
    problems += [
        Problem("is not text", key, expected="text")
        for key in (*_PLAIN, *_TEXTS)
        if not isinstance(given.get(key, ""), str)
    ]
    for key, words in (("output_action", _ACTIONS), ("logging_level", _LEVELS)):
        if key in given and str(given[key]).lower() not in words:
            problems.append(Problem(f"`{str(given[key])[:80]}` is not known here", key, expected=listed(words)))
    wrong = file_name_fault(given["output_file_name"]) if "output_file_name" in given else None
    if wrong is not None:
        problems.append(Problem(wrong, "output_file_name", expected="a name such as predictions.csv"))
    if "job_name" in given and not is_valid_name(str(given["job_name"])):
        problems.append(Problem(f"`{str(given['job_name'])[:80]}` can't be a job's name", "job_name"))


def _count(key: str, value: Any, least: int, problems: list[Problem]) -> int:
    try:
        number = int(str(value)) if not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or number < least:
        problems.append(Problem(f"`{str(value)[:80]}` is no such number", key, expected=f"a whole number from {least}"))
        return least
    return number


def _output_faults(outputs: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem("is not a mapping", f"outputs.{name}", expected="`type`, `path`, `mode`")
        for name, value in outputs.items()
        if not isinstance(value, Mapping | None)
    ]
