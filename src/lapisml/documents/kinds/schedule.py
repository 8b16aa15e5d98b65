"""Schedules: a trigger, and the job that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document, Part
from lapisml.documents.fields import Choice, FilledText, Refused, Tags, Text, Variables
from lapisml.documents.kinds.any_job import FORMS, JOBS, AJob, choose_job, every_job, read_job_reference
from lapisml.documents.kinds.by_type import ByType, Chosen
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import Inputs, Outputs
from lapisml.documents.kinds.jobs import ComputeName
from lapisml.documents.kinds.parts import Distribution, JobIdentity, Limits, Resources
from lapisml.documents.kinds.settings import PipelineSettings
from lapisml.documents.kinds.triggers import JobTrigger
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_MONITOR = "monitors are not delivered by this version; write `create_job`"
_IMPORT = "data imports are not delivered by this version; fetch the data in the job of `create_job`"


class CreateJob(Part):
    """A job that exists or has a file of its own, and what is different when the schedule makes it."""

    type: Annotated[str, Choice(*JOBS)] | None = Field(None, description="command, pipeline, sweep, parallel or spark")
    job: AJob = Field(description="azureml:<name of a job>, a local path, or the job in place")
    display_name: Text | None = Field(None, description="a name for people, in place of the job's")
    experiment_name: FilledText | None = Field(None, description="the experiment, in place of the job's")
    description: Text | None = Field(None, description="what it is, in place of the job's")
    tags: Tags | None = Field(None, description="key and text, beside those of the job")
    inputs: Inputs | None = Field(None, description="name and value, over those of the job")
    outputs: Outputs | None = Field(None, description="name and place, over those of the job")
    settings: PipelineSettings | None = Field(None, description="settings, over those of a pipeline job")
    compute: ComputeName | None = Field(None, description="where it runs, in place of the job's")
    environment: AnEnvironment | None = Field(None, description="the environment, in place of a command job's")
    environment_variables: Variables | None = Field(None, description="variable and value, over those of the job")
    resources: Resources | None = Field(None, description="how many nodes, in place of the job's")
    distribution: Distribution | None = Field(None, description="how processes are started, in place of the job's")
    limits: Limits | None = Field(None, description="when it is ended, in place of the job's")
    identity: JobIdentity | None = Field(None, description="in whose name it reaches data, in place of the job's")


def _choose(data: Mapping[str, Any]) -> Chosen:
    return (CreateJob, None) if "job" in data else choose_job(data)


def _every() -> Sequence[type[Part]]:
    return [CreateJob, *every_job()]


ACreateJob = Annotated[str | Part, ByType(_choose, _every, FORMS, read_job_reference)]
"""A reference to a job; a job in place; or a mapping with ``job`` and what is to be different."""


class Schedule(Document):
    """A trigger, and the job that it makes."""

    KIND: ClassVar[str] = "schedule"
    NOUN: ClassVar[str] = "schedule"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | {"is_enabled", "next_fire_times", "last_firings"}

    display_name: Text | None = Field(None, description="a name for people")
    properties: Tags | None = Field(None, description="key and text, kept with the schedule")
    trigger: JobTrigger = Field(description="when")
    create_job: ACreateJob | None = Field(None, description="what (needed): azureml:<job>, a path, or a mapping")
    create_monitor: Annotated[None, Refused(_MONITOR)] = None
    import_data: Annotated[None, Refused(_IMPORT)] = None

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a schedule that makes nothing."""
        if self.create_job is None:
            yield ("create_job",), fault("missing key `create_job`", self._meaning("create_job"), at="missing")
