"""The wire form of jobs and their events."""

from __future__ import annotations

from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.jobs.family import FamilyMove
from lapisml.server.features.jobs.records import JobEvent, JobRecord
from lapisml.server.features.jobs.service import Standing
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context, studio_address, timestamp


@with_config(ConfigDict(extra="allow"))
class JobBody(TypedDict):
    """A job: the keys of its document, which depend on its type, and what is known around them.

    Attributes:
        parent_job_name, step: of what, and which part of it, when a pipeline or a sweep made the job.
        status_code, status_reason: why it is in its state, as a stable word and as a sentence.
    """

    name: str
    id: str
    type: str
    display_name: str
    experiment_name: str
    parent_job_name: str | None
    step: str | None
    status: str
    status_code: str
    status_reason: str
    exit_code: int | None
    warnings: list[str]
    properties: dict[str, str]
    tags: dict[str, str]
    services: dict[str, Any]
    creation_context: CreationContext
    start_time: str | None
    end_time: str | None
    archived: bool
    description: NotRequired[str]
    compute: NotRequired[str]


class EventBody(TypedDict):
    """One move of a job from state to state. `at` is ISO 8601 in UTC."""

    seq: int
    at: str | None
    before: str
    status: str
    code: str
    reason: str


class MoveBody(EventBody):
    """One move within a family of jobs, which says who moved."""

    name: str
    step: str
    type: str
    parent: str | None
    reused_from: NotRequired[str]


class LogFile(TypedDict):
    """A log of a job: path below the job, bytes."""

    path: str
    size: int


class OutputBody(TypedDict):
    """What a job puts out."""

    name: str
    type: str
    uri: str


def job_body(workspace: str, job: JobRecord, standing: Standing, address: str) -> JobBody:
    """Make the record of a job: the document's keys and what is known around them.

    Args:
        address: the server's own address, for the job's services.
    """
    services = {
        "Studio": {"endpoint": studio_address(address, workspace, "jobs", job.name), "type": "Studio"},
        "Tracking": {"endpoint": f"{address}/mlflow/{workspace}", "type": "Tracking"},
    }
    known: JobBody = {
        "name": job.name,
        "id": arm_id(workspace, "jobs", job.name),
        "type": job.type,
        "display_name": job.display_name,
        "experiment_name": job.experiment_name,
        "parent_job_name": job.parent_name,
        "step": job.step,
        "status": standing.status.value,
        "status_code": standing.code,
        "status_reason": standing.reason,
        "exit_code": job.exit_code,
        "warnings": job.warnings,
        "properties": job.properties,
        "tags": job.document.get("tags") or {},
        "services": {**(job.document.get("services") or {}), **services},
        "creation_context": creation_context(job.created_by, job.created_at, job.changed_at),
        "start_time": timestamp(job.started_at),
        "end_time": timestamp(job.ended_at),
        "archived": job.archived,
    }
    return cast("JobBody", {**job.document, **known})


def event_body(event: JobEvent) -> EventBody:
    """Make the wire form of one move of a job."""
    return {
        "seq": event.seq,
        "at": timestamp(event.at),
        "before": event.before,
        "status": event.after,
        "code": event.code,
        "reason": event.reason,
    }


def move_body(move: FamilyMove) -> MoveBody:
    """Make the wire form of one move of a job, or of one that it started, which then says who moved."""
    body: MoveBody = {
        "seq": move.seq,
        "at": timestamp(move.at),
        "before": move.before,
        "status": move.after,
        "code": move.code,
        "reason": move.reason,
        "name": move.job,
        "step": move.step or move.job,
        "type": move.type,
        "parent": move.parent,
    }
    reused_from = move.properties.get("azureml.reusedrunid")
    if reused_from:
        body["reused_from"] = reused_from
    return body
