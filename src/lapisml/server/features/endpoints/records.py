"""What is known of online endpoints, their deployments and revisions. Times: milliseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Provisioning(StrEnum):
    """Where an endpoint or a deployment stands, in Azure ML's words."""

    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class RevisionState(StrEnum):
    """Where a revision stands.

    ``Starting``: it is to run, and has never been ready. ``Ready``: it was ready, and is to run on. ``Failed``: it
    never became ready, and is not tried again. ``Retired``: it is to end once nobody asks it any more.
    """

    STARTING = "Starting"
    READY = "Ready"
    FAILED = "Failed"
    RETIRED = "Retired"


@dataclass(frozen=True)
class EndpointRecord:
    """An endpoint.

    Attributes:
        site: the installation whose gateway serves it.
        document: as written, without `traffic` and `mirror_traffic`.
        traffic, mirror: deployment → percentage.
        secrets: sealed; see `keys`.
        wanted, applied: number of the last change; number of the last that the gateway goes by.
        error: why it can't be served at present.
        url: address of the gateway, empty until it is known.
    """

    id: int
    workspace_id: int
    site: str
    name: str
    document: dict[str, Any]
    traffic: dict[str, int]
    mirror: dict[str, int]
    secrets: str
    wanted: int
    applied: int
    deleting: bool
    error: str | None
    url: str
    created_by: str
    created_at: int
    updated_at: int

    @property
    def state(self) -> Provisioning:
        """Where it stands."""
        if self.deleting:
            return Provisioning.DELETING
        if self.error is not None:
            return Provisioning.FAILED
        if self.applied == 0:
            return Provisioning.CREATING
        return Provisioning.SUCCEEDED if self.applied == self.wanted else Provisioning.UPDATING

    @property
    def auth_mode(self) -> str:
        """``key``, ``aml_token`` or ``aad_token``."""
        return str(self.document.get("auth_mode") or "key").lower()


@dataclass(frozen=True)
class DeploymentRecord:
    """A deployment.

    Attributes:
        document: with references as they were understood (``azureml:n:v``).
        warnings: what is accepted but has no effect, a sentence each.
        revision: the one that shall serve.
        serving: the one that does, None before the first is ready.
        wanted, applied: number of the last change; of the last that is done.
    """

    id: int
    endpoint_id: int
    name: str
    document: dict[str, Any]
    warnings: list[str]
    revision: str
    serving: str | None
    wanted: int
    applied: int
    deleting: bool
    created_by: str
    created_at: int
    updated_at: int

    def state(self, revision: Revision | None) -> Provisioning:
        """Say where it stands.

        Args:
            revision: the one that shall serve.
        """
        if self.deleting:
            return Provisioning.DELETING
        if revision is not None and (revision.state is RevisionState.FAILED or revision.reason):
            return Provisioning.FAILED
        if self.applied == self.wanted and self.serving == self.revision:
            return Provisioning.SUCCEEDED
        return Provisioning.CREATING if self.serving is None else Provisioning.UPDATING


@dataclass(frozen=True)
class Revision:
    """What runs, or ran, for a deployment; nothing of it changes but `scale`.

    Attributes:
        id: 12 hexadecimal digits.
        deployment_id: None when the deployment is gone.
        site: the installation that runs it.
        document: the deployment's, resolved.
        digest: of everything that makes another revision when it changes.
        model: ``name:version``, None without a model.
        model_job: the job or run that made the model, when one did.
        environment: ``name:version`` of a registered environment.
        scale: what its keeper was told last.
        reason, log_tail: why it does not run, and the last lines of its log; empty while all is well.
        waits_for: while it has never been ready, what comes before that.
        attempt: number of the job that runs it, from 1.
        tries: how often it ended by itself one after the other.
        submit_key: identity of its jobs on the compute.
        handed_over: whether the job of this attempt is known there.
        next_at: the next attempt is made then, not before.
        started_at: the attempt at hand.
        ready_at: when it was ready for the first time.
        retired_at: when it was told to finish what it has.
        ended_at: when nothing of it ran any longer.
    """

    id: str
    workspace_id: int
    deployment_id: int | None
    site: str
    endpoint: str
    deployment: str
    document: dict[str, Any]
    digest: str
    model: str | None
    model_job: str | None
    environment: str | None
    scale: dict[str, Any]
    state: RevisionState
    reason: str
    log_tail: str
    waits_for: str
    attempt: int
    tries: int
    submit_key: str
    handed_over: bool
    next_at: int
    created_by: str
    created_at: int
    started_at: int | None
    ready_at: int | None
    retired_at: int | None
    ended_at: int | None

    @property
    def job(self) -> str:
        """Name of the job of this attempt."""
        return self.job_of(self.attempt)

    @property
    def key(self) -> str:
        """Submit key of this attempt."""
        return f"{self.submit_key}-{self.attempt}"

    @property
    def wants_to_run(self) -> bool:
        """Whether it shall be running."""
        return self.state in (RevisionState.STARTING, RevisionState.READY)

    @property
    def is_ready(self) -> bool:
        """Whether requests may be sent to it."""
        return self.state is RevisionState.READY and not self.reason

    def job_of(self, attempt: int) -> str:
        """Name the job of an attempt."""
        return f"serving--{self.id}" if attempt == 1 else f"serving--{self.id}--{attempt}"

    def failure(self) -> str | None:
        """Give why it does not run, with the last lines of its log; None when all is well."""
        if not self.reason:
            return None
        tail = f"\nLast lines of its log:\n{self.log_tail.rstrip()}" if self.log_tail.strip() else ""
        return f"{self.reason}{tail}"
