"""A pipeline component made of a pipeline job that ran: what a deployment of that job is made from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem


def component_of(name: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """Make the component: the steps of a job, with its inputs as declarations; values become defaults.

    Args:
        name: of the job.
        job: its document.

    Raises:
        LapisError: DocumentInvalid for a job that has no steps of its own.
    """
    if job.get("type") != "pipeline" or not job.get("jobs"):
        expected = "a pipeline job with steps; a job made from a component is deployed through that component"
        place = "properties.componentSpec.sourceJobId"
        problem = Problem(f"job '{name}' can't become a component", place, expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The component is not valid.", None, [problem])
    made: dict[str, Any] = {"type": "pipeline", "jobs": job["jobs"]}
    for key, declare in (("inputs", _input), ("outputs", _output)):
        if job.get(key):
            made[key] = {port: declare(given) for port, given in job[key].items()}
    for key in ("display_name", "description"):
        if job.get(key):
            made[key] = job[key]
    return made


def _input(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping) and given.get("path") is not None:
        return {"type": given.get("type") or "uri_folder", **({"mode": given["mode"]} if given.get("mode") else {})}
    value = given.get("value", given.get("default")) if isinstance(given, Mapping) else given
    return {"type": _type_of(value), "default": value}


def _output(given: Any) -> dict[str, Any]:
    part = given if isinstance(given, Mapping) else {}
    return {"type": part.get("type") or "uri_folder", **({"mode": part["mode"]} if part.get("mode") else {})}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"
