"""A job's `properties` and our job document, by type. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.kinds.any_job import REFUSED_JOBS
from lapisml.documents.words import nearest
from lapisml.server.surfaces.azure.nouns.jobs.command import read_command, write_command
from lapisml.server.surfaces.azure.nouns.jobs.pipeline import read_pipeline, write_parallel, write_pipeline
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.spark import read_spark, write_spark
from lapisml.server.surfaces.azure.nouns.jobs.sweep import read_sweep, write_sweep

Reader = Callable[[Mapping[str, Any], References], dict[str, Any]]

_READERS: dict[str, tuple[str, Reader]] = {
    "command": ("Command", read_command),
    "sweep": ("Sweep", read_sweep),
    "pipeline": ("Pipeline", read_pipeline),
    "spark": ("Spark", read_spark),
}
_WRITERS: dict[str, Reader] = {
    "command": write_command,
    "sweep": write_sweep,
    "pipeline": write_pipeline,
    "spark": write_spark,
    "parallel": write_parallel,
}
_REFUSED = {
    **{kind.replace("_", ""): sentence for kind, sentence in REFUSED_JOBS.items()},
    "labeling": "labeling jobs are not delivered; label with a tool of your choice and register the data",
}


def read_job(properties: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Read the `properties` of a job: our document without a name.

    Raises:
        LapisError: NotSupported for a type that can't be run here; DocumentInvalid.
    """
    given = str(properties.get("jobType") or "")
    found = _READERS.get(given.casefold())
    if found is None:
        raise _unknown(given)
    return found[1](properties, references)


def write_job(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write a job document as the `properties` of a job: what was asked for, without its state."""
    return _WRITERS[str(document.get("type") or "command")](document, references)


def type_named(job_type: str) -> str:
    """Give our word for a `jobType`.

    Raises:
        LapisError: as `read_job`.
    """
    if job_type.casefold() not in _READERS:
        raise _unknown(job_type)
    return job_type.casefold()


def _unknown(job_type: str) -> LapisError:
    known = [word for word, _ in _READERS.values()]
    refused = _REFUSED.get(job_type.casefold().replace("_", ""))
    if refused is not None:
        problem = Problem(f"jobs of type {job_type} can't be run here", "properties.jobType", expected=", ".join(known))
        return LapisError(ErrorCode.NOT_SUPPORTED, f"{refused[:1].upper()}{refused[1:]}.", None, [problem])
    message = f"`{job_type[:80]}` is no type of job" if job_type else "missing key `jobType`"
    problem = Problem(message, "properties.jobType", expected=", ".join(known), suggestion=nearest(job_type, known))
    return LapisError(ErrorCode.DOCUMENT_INVALID, "The job is not valid.", None, [problem])
