"""What the bodies of jobs of every type share, and how unknown keys are met. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import nearest
from lapisml.server.surfaces.azure.nouns.jobs.parts import (
    read_compute,
    read_identity,
    read_services,
    write_compute,
    write_identity,
    write_services,
)
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import filled, mapping

Readers = Mapping[str, tuple[str, Callable[[Any, str], Any]]]
"""Key of the body → key of the document and what reads it, given the value and its path."""

AT = "properties"
"""Where a job's own keys are in a body."""

_PLAIN = {
    "displayName": "display_name",
    "description": "description",
    "experimentName": "experiment_name",
    "parentJobName": "parent_job_name",
}
_SHARED = ("jobType", "computeId", "identity", "services", "tags", "properties", *_PLAIN)
_ANSWERED = ("status", "isArchived", "parameters", "provisioningState", "systemData")
"""What answers say of a job; a request that has it gives back what it read."""

_REFUSED = {
    "notificationSetting": "Nobody is notified of jobs by mail or webhook here; wait with `jobs.stream`.",
    "secretsConfiguration": "Secrets are not put into jobs; give them as environment variables.",
    "autologgerSettings": "Logging is switched on in the script: mlflow.autolog().",
    "sourceJobId": "A job is not made out of another one; send its body under a new name.",
}


def read_common(body: Mapping[str, Any], type_: str, own: Iterable[str], references: References) -> dict[str, Any]:
    """Read what all jobs have, after a look at the keys.

    Args:
        body: `properties` of the job.
        own: keys that only jobs of this type have.

    Raises:
        LapisError: DocumentInvalid for unknown keys; NotSupported for keys that nothing here honours.
    """
    _check_keys(body, (*_SHARED, *own))
    made: dict[str, Any] = {"type": type_}
    made |= filled({ours: body.get(theirs) for theirs, ours in _PLAIN.items()})
    made |= filled(
        {
            "tags": mapping(body.get("tags"), f"{AT}.tags"),
            "properties": mapping(body.get("properties"), f"{AT}.properties"),
            "compute": read_compute(body, references),
            "identity": read_identity(body.get("identity"), f"{AT}.identity"),
            "services": read_services(body.get("services"), f"{AT}.services"),
        }
    )
    return made


def write_common(document: Mapping[str, Any], job_type: str, references: References) -> dict[str, Any]:
    """Write what all jobs have."""
    made: dict[str, Any] = {"jobType": job_type}
    made |= filled({theirs: document.get(ours) for theirs, ours in _PLAIN.items()})
    return {
        **made,
        "tags": dict(document.get("tags") or {}),
        "properties": dict(document.get("properties") or {}),
        **filled(
            {
                "computeId": write_compute(document.get("compute"), references),
                "identity": write_identity(document.get("identity")),
            }
        ),
        "services": write_services(document.get("services")),
        "isArchived": False,
    }


def taken(body: Mapping[str, Any], readers: Readers) -> dict[str, Any]:
    """Read keys by a table; what has no value, and what is empty, is left out."""
    return filled({ours: read(body.get(theirs), f"{AT}.{theirs}") for theirs, (ours, read) in readers.items()})


def as_is(value: Any, _path: str) -> Any:
    """Take a value as it is."""
    return value


def _check_keys(body: Mapping[str, Any], known: Iterable[str]) -> None:
    words = tuple(known)
    given = [key for key, value in body.items() if value not in (None, "", {}, [])]
    for key in given:
        if key in _REFUSED and key not in words:
            problem = Problem("it is not supported", f"{AT}.{key}")
            raise LapisError(ErrorCode.NOT_SUPPORTED, _REFUSED[key], None, [problem])
    problems = [
        Problem(f"unknown key `{key[:80]}`", f"{AT}.{key}", suggestion=nearest(key, words))
        for key in given
        if key not in words and key not in _ANSWERED
    ]
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The job is not valid.", None, problems)
