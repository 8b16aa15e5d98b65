"""Native HTTP routes that give pages what spans features: overview, search, lines and use of computes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from lapisml.core.clock import Clock
from lapisml.server.features.jobs.board import JobBoard
from lapisml.server.features.studio.overview import Overview
from lapisml.server.features.studio.search import Search
from lapisml.server.features.studio.use import use_over_time
from lapisml.server.features.studio.wire import (
    ComputeLine,
    JobGlance,
    OverviewBody,
    SearchBody,
    Use,
    compute_line,
    job_glance,
)
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp

Limit = Annotated[int, Query(ge=1, le=100)]


def router(overview: Overview, search: Search, board: JobBoard, workspaces: WorkspaceService, clock: Clock) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/overview", response_model=None, openapi_extra=answers(OverviewBody))
    def get_overview(ws: str) -> Json[OverviewBody]:
        """Give what runs, waits and failed, and how endpoints and server do."""
        return Json(overview.of(workspaces.get(ws)))

    @routes.get("/search", response_model=None, openapi_extra=answers(SearchBody))
    def find(ws: str, q: str = "", limit: Annotated[int, Query(ge=1, le=50)] = 6) -> Json[SearchBody]:
        """Find everything by name, id, label and tag; `limit` is of each noun."""
        return Json(search.find(workspaces.get(ws), q, limit))

    _add_computes(routes, board, workspaces, clock)
    return routes


def _add_computes(routes: Routes, board: JobBoard, workspaces: WorkspaceService, clock: Clock) -> None:
    @routes.get("/compute-lines", response_model=None, openapi_extra=answers(Page[ComputeLine]))
    def list_lines(ws: str) -> Json[Page[ComputeLine]]:
        """Give every compute with what it holds and who waits, the two that need no document among them."""
        return Json({"value": [compute_line(line) for line in board.lines(workspaces.get(ws))], "next": None})

    @routes.get("/computes/{name}/queue", response_model=None, openapi_extra=answers(JobGlance))
    def get_queue(ws: str, name: str, limit: Limit = 50) -> Json[JobGlance]:
        """Give the jobs that wait for a compute, in the order in which they will be served, and why they wait."""
        return Json(job_glance(board.queue(workspaces.get(ws), name, limit)))

    @routes.get("/computes/{name}/use", response_model=None, openapi_extra=answers(Use))
    def get_use(
        ws: str,
        name: str,
        hours: Annotated[float, Query(gt=0, le=24 * 31)] = 24,
        points: Annotated[int, Query(ge=2, le=500)] = 96,
    ) -> Json[Use]:
        """Give nodes in use and jobs in line over the last hours."""
        now = clock.now_ms()
        asked = now - int(hours * 3_600_000)
        pool, spans, is_cut = board.spans(workspaces.get(ws), name, asked)
        since = max(asked, min(span.created_at for span in spans)) if is_cut else asked
        busy, waiting = use_over_time(spans, since, now, points)
        body: Use = {
            "name": pool.name, "capacity": pool.shown, "since": timestamp(since),
            "step_ms": max(1, (now - since) // points), "busy": busy, "waiting": waiting,
        }  # fmt: skip
        return Json(body)
