"""Native HTTP routes of schedules."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.wire import job_body
from lapisml.server.features.schedules.records import ScheduleRecord
from lapisml.server.features.schedules.service import ScheduleService
from lapisml.server.features.schedules.wire import firing_body, schedule_body
from lapisml.server.features.workspaces.service import WorkspaceService

_ENABLED = {"true": True, "false": False, "all": None}
_UPCOMING, _HISTORY = 5, 10


def router(schedules: ScheduleService, jobs: JobService, workspaces: WorkspaceService, clock: Clock) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}/schedules``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}/schedules", tags=["schedules"])

    def body(ws: str, record: ScheduleRecord, upcoming: int = _UPCOMING, history: int = _HISTORY) -> dict[str, Any]:
        moments = record.upcoming(clock.now_ms(), upcoming)
        return schedule_body(ws, record, moments, schedules.history(record, history))

    @routes.get("")
    def list_schedules(
        ws: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100, token: str | None = None, enabled: str = "all"
    ) -> dict[str, Any]:
        if enabled not in _ENABLED:
            raise LapisError(ErrorCode.USAGE, f"enabled={enabled[:40]} is none of {', '.join(_ENABLED)}.")
        found = schedules.find(workspaces.get(ws), _ENABLED[enabled], limit, token)
        following = found[-1].name if len(found) == limit else None
        return {"value": [body(ws, record, 1, 1) for record in found], "next": following}

    @routes.put("/{name}")
    def put_schedule(ws: str, name: str, document: dict[str, Any], request: Request) -> dict[str, Any]:
        if document.get("name", name) != name:
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        by = request.state.principal.name
        return body(ws, schedules.create_or_update(workspaces.get(ws), name, document, by))

    @routes.get("/{name}")
    def get_schedule(ws: str, name: str) -> dict[str, Any]:
        return body(ws, schedules.get(workspaces.get(ws), name))

    @routes.patch("/{name}")
    def patch_schedule(ws: str, name: str, changes: dict[str, Any], request: Request) -> dict[str, Any]:
        return body(ws, schedules.update(workspaces.get(ws), name, changes, request.state.principal.name))

    @routes.delete("/{name}", status_code=204)
    def delete_schedule(ws: str, name: str) -> None:
        schedules.delete(workspaces.get(ws), name)

    @routes.get("/{name}/firings")
    def list_firings(
        ws: str, name: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100, token: int | None = None
    ) -> dict[str, Any]:
        found = schedules.history(schedules.get(workspaces.get(ws), name), limit, token)
        following = str(found[-1].id) if len(found) == limit else None
        return {"value": [firing_body(firing) for firing in found], "next": following}

    @routes.post("/{name}/enable")
    def enable_schedule(ws: str, name: str) -> dict[str, Any]:
        return body(ws, schedules.set_enabled(workspaces.get(ws), name, enabled=True))

    @routes.post("/{name}/disable")
    def disable_schedule(ws: str, name: str) -> dict[str, Any]:
        return body(ws, schedules.set_enabled(workspaces.get(ws), name, enabled=False))

    @routes.post("/{name}/trigger")
    def trigger_schedule(ws: str, name: str, request: Request) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        job = jobs.get(workspace, schedules.trigger(workspace, name, request.headers.get("idempotency-key")))
        made = job_body(ws, job, jobs.standing(workspace, job), str(request.base_url).rstrip("/"))
        return {**made, "job_name": job.name, "schedule_action_type": "CreateJob"}

    return routes
