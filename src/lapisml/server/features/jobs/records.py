"""What the jobs feature gives to its callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lapisml.core.lifecycle import TERMINAL, JobState


@dataclass(frozen=True)
class JobRecord:
    """One job as kept: the document and the record around it. Times are milliseconds since the epoch, UTC.

    Attributes:
        type: of the document: ``command``, ``pipeline`` …
        step: which step of its parent it is, None without a parent.
        submitted_digest: sha256 of the submitted document; equal submissions of one name are one job.
        submit_key: the key under which a compute knows this job.
        site: the installation that gave it to its compute, None while it waits.
        engine: the attached compute that runs it, None for the machine of `site`.
        handed_over: whether the compute has taken it.
    """

    seq: int
    name: str
    workspace_id: int
    document: dict[str, Any]
    submitted_digest: str
    experiment_name: str
    display_name: str
    parent_name: str | None
    type: str
    step: str | None
    properties: dict[str, str]
    warnings: list[str]
    status: JobState
    status_code: str
    status_reason: str
    compute: str
    wanted_nodes: int
    nodes: list[int]
    priority: int
    submit_key: str
    site: str | None
    engine: str | None
    handed_over: bool
    cancel_requested_at: int | None
    created_by: str
    created_at: int
    changed_at: int
    allotted_at: int | None
    started_at: int | None
    ended_at: int | None
    exit_code: int | None
    archived: bool

    @property
    def is_over(self) -> bool:
        """Whether the job is in a terminal state."""
        return self.status in TERMINAL


@dataclass(frozen=True)
class LiveJob:
    """What following a job takes; `JobRecord` has the rest.

    Attributes:
        placed: whether it was given nodes, or to a compute with a queue of its own.
    """

    seq: int
    name: str
    workspace_id: int
    status: JobState
    status_code: str
    status_reason: str
    submit_key: str
    placed: bool
    handed_over: bool
    warnings: list[str]


@dataclass(frozen=True)
class Child:
    """What a parent has to know of a job that it started.

    Attributes:
        status_code: stable word for the cause of the state.
        ended_at: milliseconds since the epoch, UTC; None while it is not over.
    """

    seq: int
    name: str
    step: str
    type: str
    status: JobState
    status_code: str
    status_reason: str
    ended_at: int | None

    @property
    def is_over(self) -> bool:
        """Whether the job is in a terminal state."""
        return self.status in TERMINAL


@dataclass(frozen=True)
class JobEvent:
    """One move of a job."""

    seq: int
    job_seq: int
    at: int
    before: str
    after: str
    code: str
    reason: str


@dataclass(frozen=True)
class JobFilter:
    """What `list_jobs` selects; None means any."""

    archived: bool | None = False
    experiment_name: str | None = None
    status: str | None = None
    parent_name: str | None = None
    tag: tuple[str, str | None] | None = None
    types: tuple[str, ...] | None = None
    text: str | None = None
    """Part of the name, the display name or the experiment's name."""
