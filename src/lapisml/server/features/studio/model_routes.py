"""Native HTTP routes of pages of models."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from lapisml.server.features.assets.records import Archived, ListQuery
from lapisml.server.features.studio.models import CandidateBody, DeployedBody, MeasuredBody, ModelPages
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

Limit = Annotated[int, Query(ge=1, le=200)]
Versions = Annotated[list[str], Query(max_length=20)]


def router(pages: ModelPages, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/models/{name}/measured", response_model=None, openapi_extra=answers(Page[MeasuredBody]))
    def measured_model(
        ws: str, name: str, archived: Archived = Archived.ACTIVE, limit: Limit = 100, token: str | None = None
    ) -> Json[Page[MeasuredBody]]:
        """Give a model's versions, the newest first, with the runs that made them."""
        query = ListQuery(name, archived, limit=limit, token=token)
        return Json(pages.measured(workspaces.get(ws), query, with_signature=False))

    @routes.get("/models/{name}/compared", response_model=None, openapi_extra=answers(Page[MeasuredBody]))
    def compared_model(ws: str, name: str, version: Versions) -> Json[Page[MeasuredBody]]:
        """Give versions of a model with the runs that made them and their signatures, in the order asked for."""
        return Json({"value": pages.compared(workspaces.get(ws), name, version), "next": None})

    @routes.get("/models/{name}/deployed", response_model=None, openapi_extra=answers(Page[DeployedBody]))
    def deployed_model(ws: str, name: str) -> Json[Page[DeployedBody]]:
        """Give the deployments of all versions of a model."""
        return Json({"value": pages.deployed(workspaces.get(ws), name), "next": None})

    @routes.get("/jobs/{name}/models", response_model=None, openapi_extra=answers(Page[CandidateBody]))
    def model_candidates(ws: str, name: str) -> Json[Page[CandidateBody]]:
        """Give what a job or run left that can be registered as a model."""
        return Json({"value": pages.candidates(workspaces.get(ws), name), "next": None})

    return routes
