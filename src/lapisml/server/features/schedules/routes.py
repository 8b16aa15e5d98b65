"""Native HTTP routes of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.summaries import JobSummaries
from lapisml.server.features.jobs.wire import job_body
from lapisml.server.features.schedules.records import Firing, ScheduleRecord
from lapisml.server.features.schedules.service import ScheduleService
from lapisml.server.features.schedules.wire import FiringBody, ScheduleBody, firing_body, schedule_body
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

_ENABLED = {"true": True, "false": False, "all": None}
_UPCOMING, _HISTORY = 5, 10
_MOST_UPCOMING = 100


@dataclass(frozen=True)
class _Desk:
    """What the routes read from, and how their answers are made."""

    schedules: ScheduleService
    summaries: JobSummaries
    workspaces: WorkspaceService
    clock: Clock

    def bodies(
        self, workspace: Workspace, records: Sequence[ScheduleRecord], upcoming: int, history: int
    ) -> list[ScheduleBody]:
        """Make the bodies of schedules; the states of all their jobs are read at once."""
        past = [self.schedules.history(record, history) for record in records]
        states = self.states(workspace, [firing for firings in past for firing in firings])
        now = self.clock.now_ms()
        return [
            schedule_body(workspace.name, record, record.upcoming(now, upcoming), firings, states)
            for record, firings in zip(records, past, strict=True)
        ]

    def body(self, ws: str, record: ScheduleRecord, upcoming: int = _UPCOMING) -> Json[ScheduleBody]:
        """Answer with one schedule."""
        return Json(self.bodies(self.workspaces.get(ws), [record], upcoming, _HISTORY)[0])

    def states(self, workspace: Workspace, firings: Sequence[Firing]) -> dict[str, str]:
        """Read the states of the jobs of firings."""
        names = [firing.job_name for firing in firings]
        return self.summaries.states(workspace, names) if names else {}


def router(
    schedules: ScheduleService, jobs: JobService, summaries: JobSummaries, workspaces: WorkspaceService, clock: Clock
) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/schedules``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/schedules", tags=["schedules"])
    desk = _Desk(schedules, summaries, workspaces, clock)
    _add_reading(routes, desk)
    _add_changing(routes, desk, jobs)
    return routes


def _add_reading(routes: Routes, desk: _Desk) -> None:
    schedules, workspaces = desk.schedules, desk.workspaces

    @routes.get("", response_model=None, openapi_extra=answers(Page[ScheduleBody]))
    def list_schedules(
        ws: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100, token: str | None = None, enabled: str = "all"
    ) -> Json[Page[ScheduleBody]]:
        if enabled not in _ENABLED:
            raise LapisError(ErrorCode.USAGE, f"enabled={enabled[:40]} is none of {', '.join(_ENABLED)}.")
        workspace = workspaces.get(ws)
        found = schedules.find(workspace, _ENABLED[enabled], limit, token)
        following = found[-1].name if len(found) == limit else None
        return Json({"value": desk.bodies(workspace, found, 1, 1), "next": following})

    @routes.get("/{name}", response_model=None, openapi_extra=answers(ScheduleBody))
    def get_schedule(
        ws: str, name: str, upcoming: Annotated[int, Query(ge=0, le=_MOST_UPCOMING)] = _UPCOMING
    ) -> Json[ScheduleBody]:
        return desk.body(ws, schedules.get(workspaces.get(ws), name), upcoming)

    @routes.get("/{name}/firings", response_model=None, openapi_extra=answers(Page[FiringBody]))
    def list_firings(
        ws: str, name: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100, token: int | None = None
    ) -> Json[Page[FiringBody]]:
        workspace = workspaces.get(ws)
        found = schedules.history(schedules.get(workspace, name), limit, token)
        following = str(found[-1].id) if len(found) == limit else None
        states = desk.states(workspace, found)
        return Json({"value": [firing_body(firing, states) for firing in found], "next": following})


def _add_changing(routes: Routes, desk: _Desk, jobs: JobService) -> None:
    schedules, workspaces = desk.schedules, desk.workspaces

    @routes.put("/{name}", response_model=None, openapi_extra=answers(ScheduleBody))
    def put_schedule(ws: str, name: str, document: dict[str, Any], request: Request) -> Json[ScheduleBody]:
        if document.get("name", name) != name:
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        by = request.state.principal.name
        return desk.body(ws, schedules.create_or_update(workspaces.get(ws), name, document, by))

    @routes.patch("/{name}", response_model=None, openapi_extra=answers(ScheduleBody))
    def patch_schedule(ws: str, name: str, changes: dict[str, Any], request: Request) -> Json[ScheduleBody]:
        return desk.body(ws, schedules.update(workspaces.get(ws), name, changes, request.state.principal.name))

    @routes.delete("/{name}", status_code=204)
    def delete_schedule(ws: str, name: str) -> None:
        schedules.delete(workspaces.get(ws), name)

    @routes.post("/{name}/enable", response_model=None, openapi_extra=answers(ScheduleBody))
    def enable_schedule(ws: str, name: str) -> Json[ScheduleBody]:
        return desk.body(ws, schedules.set_enabled(workspaces.get(ws), name, enabled=True))

    @routes.post("/{name}/disable", response_model=None, openapi_extra=answers(ScheduleBody))
    def disable_schedule(ws: str, name: str) -> Json[ScheduleBody]:
        return desk.body(ws, schedules.set_enabled(workspaces.get(ws), name, enabled=False))

    @routes.post("/{name}/trigger")
    def trigger_schedule(ws: str, name: str, request: Request) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        job = jobs.get(workspace, schedules.trigger(workspace, name, request.headers.get("idempotency-key")))
        made = job_body(ws, job, jobs.standing(workspace, job), str(request.base_url).rstrip("/"))
        return {**made, "job_name": job.name, "schedule_action_type": "CreateJob"}
