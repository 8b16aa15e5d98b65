"""Forms of what pages show of many features at once."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from lapisml.server.features.jobs.board import Glance, Line
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import Standing
from lapisml.server.platform.finding import Found
from lapisml.server.platform.wire import timestamp


class JobLine(TypedDict):
    """A job in a few words. `reason` says why it is in its state; times are ISO 8601 in UTC."""

    name: str
    display_name: str
    experiment_name: str
    type: str
    status: str
    code: str
    reason: str
    parent_job_name: str | None
    compute: str
    nodes: int
    created_at: str | None
    started_at: str | None
    ended_at: str | None


class JobGlance(TypedDict):
    """The first of some jobs, and how many there are."""

    value: list[JobLine]
    total: int


class DeploymentHealth(TypedDict):
    """A deployment and its replicas; `reason` says what it waits for or why it failed."""

    name: str
    state: str
    ready: int
    wanted: int
    traffic: int
    reason: str | None


class EndpointHealth(TypedDict):
    """An endpoint and how its deployments do."""

    noun: str
    name: str
    state: str
    error: str | None
    deployments: list[DeploymentHealth]


class ModelLine(TypedDict):
    """A version of a model that was made lately."""

    name: str
    version: str
    created_at: str | None
    created_by: str


class ServerHealth(TypedDict):
    """The server and its disk. Sizes are bytes, `load` is jobs ready to run per processor over the last minute."""

    version: str
    started_at: str | None
    database: str
    disk_free: int
    disk_total: int
    read_only: bool
    memory_free: int
    memory_total: int
    processors: int
    load: float


class OverviewBody(TypedDict):
    """What a person wants to know first."""

    running: JobGlance
    waiting: JobGlance
    failed: JobGlance
    latest: JobGlance
    endpoints: list[EndpointHealth]
    models: list[ModelLine]
    computes: list[ComputeLine]
    server: ServerHealth


class ComputeLine(TypedDict):
    """A compute as its queue is: nodes, those in use, jobs in line; a stopped one is not open."""

    name: str
    capacity: int
    busy: int
    waiting: int
    open: bool


class Use(TypedDict):
    """How a compute was used over time: at each moment the mean since the one before it.

    Attributes:
        since: from when on, ISO 8601; later than asked for when older jobs were not looked at.
        step_ms: between two moments.
        busy: nodes in use.
        waiting: jobs in line.
    """

    name: str
    capacity: int
    since: str | None
    step_ms: int
    busy: list[float]
    waiting: list[float]


class Hit(TypedDict):
    """Something that a search found; `field` says where the words stand, `text` what stands there."""

    noun: str
    name: str
    field: str
    text: str
    at: str | None
    version: NotRequired[str]
    title: NotRequired[str]
    status: NotRequired[str]


class HitGroup(TypedDict):
    """What was found of a noun, the best first."""

    noun: str
    value: list[Hit]


class SearchBody(TypedDict):
    """What was found, the nouns with the best first."""

    value: list[HitGroup]
    next: None


def job_line(job: JobRecord, standing: Standing) -> JobLine:
    """Write a job."""
    return {
        "name": job.name,
        "display_name": job.display_name,
        "experiment_name": job.experiment_name,
        "type": job.type,
        "status": standing.status.value,
        "code": standing.code,
        "reason": standing.reason,
        "parent_job_name": job.parent_name,
        "compute": job.compute,
        "nodes": job.wanted_nodes,
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at),
        "ended_at": timestamp(job.ended_at),
    }


def job_glance(glance: Glance) -> JobGlance:
    """Write the first of some jobs."""
    return {"value": [job_line(job, standing) for job, standing in glance.jobs], "total": glance.total}


def compute_line(line: Line) -> ComputeLine:
    """Write a compute."""
    pool = line.pool
    return {
        "name": pool.name, "capacity": pool.shown, "busy": line.busy, "waiting": line.waiting, "open": pool.open
    }  # fmt: skip


def hit(found: Found) -> Hit:
    """Write something found."""
    body: Hit = {
        "noun": found.noun, "name": found.name, "field": found.field, "text": found.text[:200],
        "at": timestamp(found.at),
    }  # fmt: skip
    if found.version is not None:
        body["version"] = found.version
    if found.title:
        body["title"] = found.title[:200]
    if found.status is not None:
        body["status"] = found.status
    return body
