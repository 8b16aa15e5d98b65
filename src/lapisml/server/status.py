"""``GET /api/v1/status``: where the server is, what it runs on, and which processes it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import psutil
from typing_extensions import TypedDict

from lapisml import __version__
from lapisml.ports.serving import GatewayRecord
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp
from lapisml.server.settings import Settings


class ProcessBody(TypedDict):
    """One process of the server. `rss_mb` is its resident memory in MiB."""

    role: str
    pid: int
    rss_mb: float
    threads: int


class DatabaseBody(TypedDict):
    """What the server keeps everything in; its address without the password."""

    kind: str
    url: str


class StatusBody(TypedDict):
    """Where the server is, what it runs on, and which processes it is."""

    status: str
    address: str
    studio_url: str
    profile: str
    version: str
    home: str
    started_at: str | None
    database: DatabaseBody
    environment_resolution: str
    gateway_url: str | None
    processes: list[ProcessBody]
    running_jobs: int
    workspaces: list[str]


def router(
    settings: Settings,
    database: Database,
    workspaces: WorkspaceService,
    running_jobs: Callable[[], int],
    url: str,
    started_at: int,
    gateway: Callable[[], GatewayRecord | None],
) -> Routes:
    """Make the route.

    Args:
        running_jobs: counts the jobs of all workspaces that are not over.
        url: the server's public URL, without a slash at its end.
        started_at: milliseconds since the epoch, UTC.
        gateway: gives what the living gateway says of itself.
    """
    routes = Routes(prefix="/api/v1", tags=["status"])

    @routes.get("/status", response_model=None, openapi_extra=answers(StatusBody))
    def get_status() -> Json[StatusBody]:
        endpoints = gateway()
        body: StatusBody = {
            "status": "Running",
            "address": url,
            "studio_url": f"{url}/studio",
            "profile": settings.profile,
            "version": __version__,
            "home": str(settings.home),
            "started_at": timestamp(started_at),
            "database": {"kind": "sqlite" if database.is_sqlite else "postgresql", "url": database.shown_url},
            "environment_resolution": settings.environment_resolution,
            "gateway_url": endpoints.url if endpoints is not None else None,
            "processes": [_process("server", os.getpid()), *_of_gateway(endpoints)],
            "running_jobs": running_jobs(),
            "workspaces": [workspace.name for workspace in workspaces.list()],
        }
        return Json(body)

    return routes


def _of_gateway(record: GatewayRecord | None) -> list[ProcessBody]:
    if record is None:
        return []
    worker = (record.worker or {}).get("pid")
    found: list[ProcessBody] = []
    for role, pid in (("gateway", record.pid), ("gateway worker", worker)):
        with contextlib.suppress(psutil.Error):  # it ended this very moment
            found += [_process(role, int(pid))] if pid else []
    return found


def _process(role: str, pid: int) -> ProcessBody:
    own = psutil.Process(pid)
    return {
        "role": role,
        "pid": own.pid,
        "rss_mb": round(own.memory_info().rss / 2**20, 1),
        "threads": own.num_threads(),
    }
