"""Native HTTP routes of what pages show of sweeps."""

from __future__ import annotations

from lapisml.server.features.sweeps.shown import SweepPages
from lapisml.server.features.sweeps.wire import SweepImportance, SweepTrials, importance_body, sweep_body
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes


def router(pages: SweepPages, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/jobs/{name}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/jobs/{name}", tags=["jobs"])

    @routes.get("/trials", response_model=None, openapi_extra=answers(SweepTrials))
    def get_trials(ws: str, name: str) -> Json[SweepTrials]:
        """Give a sweep with all of its trials."""
        return Json(sweep_body(pages.show(workspaces.get(ws), name)))

    @routes.get("/importance", response_model=None, openapi_extra=answers(SweepImportance))
    def get_importance(ws: str, name: str) -> Json[SweepImportance]:
        """Say how much each parameter of a sweep has to do with its best results."""
        return Json(importance_body(*pages.importance(workspaces.get(ws), name)))

    return routes
