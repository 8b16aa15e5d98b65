"""What is known of batch endpoints, their deployments and their invocations. Times: milliseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BatchEndpoint:
    """A batch endpoint as kept: a name, and which of its deployments answers."""

    id: int
    workspace_id: int
    name: str
    document: dict[str, Any]
    created_by: str
    created_at: int
    updated_at: int

    @property
    def default_deployment(self) -> str | None:
        """The deployment that an invocation without a name means."""
        name = (self.document.get("defaults") or {}).get("deployment_name")
        return str(name) if name else None


@dataclass(frozen=True)
class BatchDeployment:
    """A deployment of a batch endpoint as kept.

    Attributes:
        given: the document as it was sent.
        document: with labels such as ``@latest`` replaced by the version that they meant.
        runs: what an invocation runs; see `invocation`.
        model: ``name:version``; None without a model.
    """

    id: int
    endpoint_id: int
    name: str
    given: dict[str, Any]
    document: dict[str, Any]
    runs: dict[str, Any]
    model: str | None
    created_by: str
    created_at: int
    updated_at: int


@dataclass(frozen=True)
class Invocation:
    """A job that an invocation made."""

    id: int
    endpoint_id: int
    deployment: str
    job_name: str
    created_at: int
