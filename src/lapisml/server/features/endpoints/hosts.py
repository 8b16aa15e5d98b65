"""Attached computes that deployments may run on: found by name, and asked how they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.compute import ComputeBackend, Standing
from lapisml.server.features.compute.service import BUILT_IN, ComputeService
from lapisml.server.features.endpoints.records import EndpointRecord, Revision
from lapisml.server.features.workspaces.service import Workspace

Attached = Callable[[Workspace, str], ComputeBackend | None]
"""Gives what runs jobs on a compute, by its name; None for one whose nodes are this machine. Raises `LapisError`,
NotFound, for a name that there is none of."""

_FRESH_MS = 5_000
_MOMENT_S = 0.5


def attached_by(computes: ComputeService) -> Attached:
    """Find attached computes where the workspace's computes are kept."""

    def find(workspace: Workspace, name: str) -> ComputeBackend | None:
        if name in BUILT_IN:
            return None
        computes.get(workspace, name)
        return computes.attached(workspace, name)

    return find


class Hosts:
    """The computes that endpoints name.

    Args:
        clock: tells how old an answer is.
        attached: finds them.
    """

    def __init__(self, clock: Clock, attached: Attached) -> None:
        self._clock = clock
        self._attached = attached
        self._standings: dict[tuple[int, str], tuple[int, Standing]] = {}
        self._asked: dict[tuple[int, str], Future[Standing]] = {}
        self._askers = ThreadPoolExecutor(2, thread_name_prefix="endpoint-hosts")

    def compute_of(self, workspace: Workspace, document: Mapping[str, Any]) -> str | None:
        """Give the name of the attached compute that an endpoint's document names; None where it is this machine.

        Raises:
            LapisError: ReferenceNotFound for a name that there is none of, NotSupported for a compute that keeps no
                models.
        """
        name = compute_named(document)
        if name is None:
            return None
        try:
            backend = self._attached(workspace, name)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            problem = Problem(error.message, "compute", expected="an attached compute: lapis compute list")
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, "The endpoint is not valid.", None, [problem]) from None
        if backend is None:
            return None
        if not backend.capabilities.serving:
            problem = Problem(
                f"compute '{name}' runs jobs that end; it can't keep models that answer requests",
                "compute",
                expected="a compute of SSH hosts or Ray, or none: this machine",
            )
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The endpoint can't run there.", None, [problem])
        return name

    def backend(self, workspace: Workspace, revision: Revision) -> ComputeBackend | None:
        """Give what runs a revision's shares; None for a revision of this machine.

        Raises:
            LapisError: NotFound when its compute is attached no longer.
        """
        name = compute_of(revision)
        if name is None:
            return None
        found = self._attached(workspace, name)
        if found is None:
            raise LapisError(ErrorCode.NOT_FOUND, f"Compute '{name}' is not attached any more.")
        return found

    def standing(self, workspace: Workspace, revision: Revision, backend: ComputeBackend) -> Standing:
        """Say how the machines were some seconds ago; whoever asks waits only a moment for those that answer late."""
        key, now = (workspace.id, str(compute_of(revision))), self._clock.now_ms()
        at, found = self._standings.get(key, (0, None))
        if found is not None and 0 <= now - at < _FRESH_MS:
            return found
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = self._askers.submit(backend.describe)
        try:
            self._standings[key] = (now, asked.result(_MOMENT_S))
        except TimeoutError:
            return found or Standing("unreachable", "Its machines have not answered yet.")
        self._asked.pop(key, None)
        return self._standings[key][1]


def compute_named(document: Mapping[str, Any]) -> str | None:
    """Give the bare name of the compute in an endpoint's document, lower case; None without one."""
    given = document.get("compute")
    return str(given).removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1].lower() if given else None


def compute_of(revision: Revision) -> str | None:
    """Give the name of the attached compute that a revision runs on; None for this machine."""
    name = revision.document.get("compute")
    return str(name) if name else None


def check_deployment(endpoint: EndpointRecord, compute: str | None, document: Mapping[str, Any]) -> None:
    """Refuse what a deployment can't do on other machines.

    Raises:
        LapisError: NotSupported.
    """
    collections = (document.get("data_collector") or {}).get("collections") or {}
    if compute is None or not any(one.get("enabled") for one in collections.values()):
        return
    problem = Problem(
        f"endpoint '{endpoint.name}' runs on compute '{compute}', and data is collected on the server's machine only",
        "data_collector",
        expected="no data_collector, or an endpoint without `compute`",
    )
    raise LapisError(ErrorCode.NOT_SUPPORTED, "The deployment can't collect data there.", None, [problem])
