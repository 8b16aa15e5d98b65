"""A job where another document names one: a reference, or the job in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

from lapisml.core.errors import LapisError
from lapisml.documents.base import Part
from lapisml.documents.kinds.by_type import ByType, Chosen, known_type
from lapisml.documents.reading import fault, read_filled
from lapisml.documents.references import AssetRef, LocalPath, parse

FORMS = "azureml:<name of a job>, a local path, or a mapping"
JOBS = {
    "command": ("command_job", "CommandJob"),
    "pipeline": ("pipeline", "PipelineJob"),
    "sweep": ("sweep", "SweepJob"),
    "parallel": ("parallel", "ParallelJob"),
    "spark": ("spark", "SparkJob"),
}
"""Type of a job → module and class."""

REFUSED_JOBS = {
    "automl": "AutoML jobs are not delivered yet; train in a command job",
    "finetuning": "fine-tuning jobs are not delivered",
    "distillation": "distillation jobs are not delivered",
    "data_transfer": "data transfer jobs are not delivered; copy the data in a command job",
    "import": "import jobs are not delivered; fetch the data in a command job",
}
"""Type of a job that is known and not delivered → why."""


def job_model(type_: str) -> type[Part]:
    """Return the model of a type of job."""
    module, name = JOBS[type_]
    made: type[Part] = getattr(import_module(f"lapisml.documents.kinds.{module}"), name)
    return made


def read_job_reference(value: Any) -> str:
    """Return the text of a reference to a job; local paths are checked with the other files."""
    text = read_filled(value)
    try:
        reference = parse(text)
    except LapisError as error:
        raise fault(error.message.rstrip("."), FORMS) from None
    if not isinstance(reference, (LocalPath, AssetRef)):
        raise fault(f"`{text[:200]}` can't name a job", FORMS)
    return text


def choose_job(data: Mapping[str, Any]) -> Chosen:
    """Choose the model of a job in place; without a type and with `jobs` it is a pipeline."""
    found = known_type(data.get("type"), tuple(JOBS), REFUSED_JOBS) or ("pipeline" if "jobs" in data else "command")
    return job_model(found), found


def every_job() -> Sequence[type[Part]]:
    """List the models of all types of jobs."""
    return [job_model(type_) for type_ in JOBS]


AJob = Annotated[str | Part, ByType(choose_job, every_job, FORMS, read_job_reference)]
"""A reference, or a job in place."""
