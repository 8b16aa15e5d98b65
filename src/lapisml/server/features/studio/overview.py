"""What a person wants to know first: what runs, what waits and why, what failed, how endpoints and server do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from lapisml import __version__
from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.server.features.assets.finding import AssetFinder
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.batch_endpoints.service import BatchEndpointService
from lapisml.server.features.endpoints.deployments import DeploymentService, DeploymentView
from lapisml.server.features.endpoints.records import EndpointRecord
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.jobs.board import JobBoard
from lapisml.server.features.studio.wire import (
    DeploymentHealth,
    EndpointHealth,
    OverviewBody,
    ServerHealth,
    compute_line,
    job_glance,
)
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.wire import timestamp

_SHOWN = 8
_ENDPOINTS = 20
_FAILED_WITHIN_MS = 7 * 86_400_000


@dataclass(frozen=True)
class Machine:
    """The server and the machine that it runs on.

    Attributes:
        home: the folder whose disk matters.
        database: ``sqlite`` or ``postgresql``.
        started_at: milliseconds since the epoch, UTC.
        is_full: says whether the server only reads because its disk is full.
    """

    home: Path
    database: str
    started_at: int
    is_full: Callable[[], bool]

    def health(self) -> ServerHealth:
        """Look at disk, memory and processors."""
        disk, memory, processors = shutil.disk_usage(self.home), psutil.virtual_memory(), os.cpu_count() or 1
        return {
            "version": __version__,
            "started_at": timestamp(self.started_at),
            "database": self.database,
            "disk_free": disk.free,
            "disk_total": disk.total,
            "read_only": self.is_full(),
            "memory_free": memory.available,
            "memory_total": memory.total,
            "processors": processors,
            "load": round(psutil.getloadavg()[0] / processors, 2),
        }


class Overview:
    """Gathers it from every feature; each gives its few first records."""

    def __init__(
        self,
        clock: Clock,
        board: JobBoard,
        assets: AssetFinder,
        endpoints: EndpointService,
        deployments: DeploymentService,
        batch_endpoints: BatchEndpointService,
        machine: Machine,
    ) -> None:
        self._clock = clock
        self._board = board
        self._assets = assets
        self._endpoints = endpoints
        self._deployments = deployments
        self._batch_endpoints = batch_endpoints
        self._machine = machine

    def of(self, workspace: Workspace) -> OverviewBody:
        """Give the overview of a workspace."""
        since = self._clock.now_ms() - _FAILED_WITHIN_MS
        models = self._assets.newest(workspace.id, AssetKind.MODELS.value, 6)
        return {
            "running": job_glance(self._board.running(workspace, _SHOWN)),
            "waiting": job_glance(self._board.waiting(workspace, _SHOWN)),
            "failed": job_glance(self._board.failed(workspace, _SHOWN, since)),
            "latest": job_glance(self._board.latest(workspace, _SHOWN)),
            "endpoints": self._health(workspace),
            "models": [
                {"name": name, "version": version, "created_at": timestamp(at), "created_by": by}
                for name, version, at, by in models
            ],
            "computes": [compute_line(line) for line in self._board.lines(workspace)],
            "server": self._machine.health(),
        }

    def _health(self, workspace: Workspace) -> list[EndpointHealth]:
        online = self._endpoints.all_of(workspace)[:_ENDPOINTS]
        batch = self._batch_endpoints.find(workspace, _ENDPOINTS)
        return [
            *(self._online(workspace, endpoint) for endpoint in online),
            *(_batch(endpoint.name) for endpoint in batch),
        ]

    def _online(self, workspace: Workspace, endpoint: EndpointRecord) -> EndpointHealth:
        try:
            views = self._deployments.all_of(workspace, endpoint.name)
        except LapisError:  # deleted this very moment
            views = []
        return {
            "noun": "online-endpoints",
            "name": endpoint.name,
            "state": endpoint.state.value,
            "error": endpoint.error,
            "deployments": [_deployment(endpoint, view) for view in views],
        }


def _batch(name: str) -> EndpointHealth:
    return {"noun": "batch-endpoints", "name": name, "state": "Succeeded", "error": None, "deployments": []}


def _deployment(endpoint: EndpointRecord, view: DeploymentView) -> DeploymentHealth:
    replicas = view.running.replicas if view.running is not None else []
    return {
        "name": view.record.name,
        "state": view.record.state(view.revision).value,
        "ready": sum(bool(replica.ready) for replica in replicas),
        "wanted": view.running.wanted if view.running is not None else 0,
        "traffic": endpoint.traffic.get(view.record.name, 0),
        "reason": view.error or view.waits_for,
    }
